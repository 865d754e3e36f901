import type { FieldInfo, Model } from '../registry.ts'
import type { SystemTable } from '../sql/system-table.ts'

/** What the database should hold: derived from declarations, compared with what it does hold. */
export interface Schema {
  /** Made first, in this order. */
  readonly system: readonly SystemTable[]
  readonly tables: readonly Table[]
}

export interface Table {
  readonly name: string
  /** Kept as the table's comment: it tells our tables from those made by hand. */
  readonly mark: string
  /** What people call its records. */
  readonly label: string
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly indexes: readonly Index[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly checks: readonly Check[]
}

export interface Column {
  readonly name: string
  readonly label: string
  /** As PostgreSQL's `format_type` spells it. */
  readonly type: string
  readonly required: boolean
  /** SQL; null when the column has none. */
  readonly default: string | null
  readonly isIdentity: boolean
  /** SQL: what rows that are there already get when the column is added or becomes required. */
  readonly fill: string | null
  readonly field: FieldInfo | null
}

export interface Index {
  readonly name: string
  /** `using …`: kept as the index's comment, since PostgreSQL gives definitions back in its own words. */
  readonly definition: string
  /** What two records may not share; null for indexes that are only for speed. */
  readonly unique: { readonly model: Model; readonly fields: readonly FieldInfo[]; readonly message: string | null } | null
}

export interface ForeignKey {
  readonly name: string
  readonly column: string
  readonly table: string
  /** The column that it refers to. */
  readonly key: string
  readonly field: FieldInfo
  /** `set null` for links that people made: the ORM does not know them any more when they are archived, and nothing may hang on that. */
  readonly onDelete: 'no action' | 'set null'
}

export interface Check {
  readonly name: string
  readonly definition: string
  readonly mark: string
  readonly field: FieldInfo
}

/** What the database holds, as `pg_catalog` tells it. */
export interface ActualSchema {
  readonly tables: ReadonlyMap<string, ActualTable>
  /** Whether pg_trgm is installed: without it there are no trigram indexes. */
  readonly hasTrigrams: boolean
}

export interface ActualTable {
  readonly name: string
  readonly mark: string | null
  /** The planner's estimate; never -1. */
  readonly rows: number
  readonly columns: ReadonlyMap<
    string,
    { readonly type: string; readonly required: boolean; readonly hasDefault: boolean; readonly isIdentity: boolean }
  >
  /** Indexes that belong to no constraint. `mark` is null for one made by hand. */
  readonly indexes: ReadonlyMap<string, { readonly mark: string | null; readonly isValid: boolean }>
  readonly foreignKeys: ReadonlyMap<
    string,
    { readonly column: string; readonly table: string; readonly onDelete: ForeignKey['onDelete']; readonly isOurs: boolean }
  >
  readonly checks: ReadonlyMap<string, { readonly mark: string | null }>
}
