export type Grant = 'select' | 'insert' | 'update' | 'delete'

/** A table that is no model: sessions, jobs, the trail. Its `ddl` can be run again and again; grants come from here alone. */
export interface SystemTable {
  readonly name: string
  readonly ddl: readonly string[]
  /** What the runtime role may do; the table's owner is `pg_database_owner`. */
  readonly runtime: readonly Grant[]
  /** What the sealer's role may do. */
  readonly seal?: readonly Grant[]
}
