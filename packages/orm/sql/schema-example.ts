import type { SystemTable } from './system-table.ts'

const blob: SystemTable = {
  name: 'blob',
  ddl: ['create table if not exists blob (hash text primary key, size int4)'],
  runtime: ['select', 'insert', 'update', 'delete'],
}
const trail: SystemTable = {
  name: 'trail',
  ddl: ['create table if not exists trail (seq bigint primary key)'],
  runtime: ['select'],
  seal: ['select', 'insert'],
}
/** Tables for the tests of packages/orm/schema. */
export const exampleTables = [blob, trail]
