import { type Sql, ident, sql } from './fragment.ts'

const name = (depth: number): Sql => ident(`step_${depth}`)

export const openSavepoint = (depth: number): Sql => sql`savepoint ${name(depth)}`
export const releaseSavepoint = (depth: number): Sql => sql`release savepoint ${name(depth)}`
export const rollbackToSavepoint = (depth: number): Sql => sql`rollback to savepoint ${name(depth)}`
