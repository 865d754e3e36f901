import type { Env } from '@erp4/orm'
import { FileStore } from '../files/index.ts'

/** A record as it is read: by field, in the types of the ORM. */
export type Values = Readonly<Record<string, any>>
type Options = { order?: string; limit?: number; offset?: number }

/** Records whose model the types of this package cannot know: those of the base app, and those that a file is about. */
export interface AnyTable {
  find(domain: readonly unknown[], fields: readonly string[], options?: Options): Promise<Values[]>
  count(domain: readonly unknown[]): Promise<number>
  create(values: readonly Values[]): Promise<number[]>
  read(ids: readonly number[], fields: readonly string[]): Promise<Values[]>
  write(ids: readonly number[], values: Values | ((id: number) => Values)): Promise<void>
  unlink(ids: readonly number[]): Promise<void>
  lock(ids: readonly number[]): Promise<void>
}

/** The base app always has its models; of others the registry was asked. */
export function tableOf(env: Env, name: string): AnyTable {
  const table = env.model(name as never) as any
  return {
    find: (domain, fields, options) => table.find(domain, fields, options),
    count: (domain) => table.count(domain),
    create: async (values) => [...(await table.create(values)).ids],
    read: (ids, fields) => table.browse(ids).read(fields),
    write: (ids, values) => table.browse(ids).write(values),
    unlink: (ids) => table.browse(ids).unlink(),
    lock: (ids) => table.browse(ids).lock(),
  }
}

/** The instance's file store; the ORM knows it by less than it is. */
export function storeOf(env: Env): FileStore {
  const { blobs } = env.call
  if (!(blobs instanceof FileStore)) throw new Error('This call has no file store.')
  return blobs
}
