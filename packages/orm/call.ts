import type { Accounts } from './accounts.ts'
import type { BlobStore } from './blobs.ts'
import type { Env } from './env.ts'
import type { Outbox } from './letters.ts'
import type { Connection } from './databases.ts'
import type { Jobs } from './jobs.ts'
import type { FieldInfo, Model, Registry } from './registry.ts'
import type { Trigger } from './triggers.ts'

/** What all environments of one call share: the connection, and what must still happen before it ends. */
export interface Call {
  readonly registry: Registry
  readonly cx: Connection
  readonly blobs: BlobStore | null
  /** Where letters go; null where nobody sends any. */
  readonly outbox: Outbox | null
  /** Scheme, host and port under which people reach this instance, `https://azure.example.com`: what links in letters begin with. */
  readonly origin: string | null
  /** Passwords and sessions; null where there is no server, as in migrations. */
  readonly accounts: Accounts | null
  /** Where slow work is asked for; null where nobody does it. */
  readonly jobs: Jobs | null
  /** Active languages, the default one first. */
  readonly languages: readonly string[]
  /** Those that computed texts are kept in; null until somebody asks the database, where whoever opened the call did not say. */
  installed: readonly string[] | null
  /** Where the call came from, for the audit trail: 'json2', 'web', 'job:…'. */
  readonly source: string
  /** Whether the caller gave his password with this call or within the last minutes of his session: asked before what outlives it, such as a key. */
  readonly identityConfirmed: boolean
  /** Whether the call may set what opens doors (`prove`): its caller confirmed his identity, or came with a key, for which he did. */
  readonly isProven: boolean
  /** Whose hands it was, when somebody acts for the user; null otherwise. */
  readonly onBehalf: number | null
  readonly now: () => Date
  readonly dirty: Dirty
  /** Records whose constraints must be checked at the end, by model and constraint number. */
  readonly unchecked: Map<Model, Map<number, Set<number>>>
  /** Records whose right to be as they are can only be judged when all is computed: by model, the operation and the ids. */
  readonly unjudged: { env: Env; model: Model; operation: 'create' | 'write'; ids: readonly number[] }[]
  /** Numbers to be given in the call's last statements, so that a counter is held as briefly as can be. */
  readonly numbering: Numbering[]
  /** Uses of `asSystem`, by reason. */
  readonly reasons: Map<string, number>
  /** Something of this call depends on the hour, or on parts of the context that statements are not kept by: none that it makes is kept, and no rule. */
  isVolatile: boolean
  /** Depth of nested flushes, so that reading needs does not flush again. */
  flushing: boolean
  /** Raised when metadata that caches depend on was written: rules, languages, settings, fields that people made. */
  readonly touched: Set<'rules' | 'langs' | 'login' | 'schema'>
  /**
   * What was written waits for the owner of the tables, such as a field whose column is still to be made: the server tells the host before the
   * commit, and waits for it afterwards.
   */
  asksOwner: boolean
}

/** Stored computed values that are no longer right. */
export interface Dirty {
  /** Records known by id, by field. */
  readonly ids: Map<FieldInfo, Set<number>>
  /** Records still to be found: those whose `path` leads to one of `ids`. */
  readonly reached: { trigger: Trigger; path: readonly FieldInfo[]; ids: readonly number[] }[]
}

/** Records that get the next numbers of a counter, in the order of `ids`. */
export interface Numbering {
  readonly model: Model
  readonly field: FieldInfo
  readonly ids: readonly number[]
  readonly counter: Counter
}

/** Where numbers come from: a record of `ir.sequence`, or that of a code, which each company may have for itself. */
export type Counter = SequenceCounter | CodeCounter

export interface SequenceCounter {
  readonly sequence: number
  readonly prefix: string
  readonly suffix: string
}

export interface CodeCounter {
  readonly code: string
  /** What placeholders of its prefix and suffix stand for: `{ '%(year)s': '2027' }`. */
  readonly placeholders: Readonly<Record<string, string>>
}

export interface CallOptions {
  registry: Registry
  cx: Connection
  blobs?: BlobStore | null
  outbox?: Outbox | null
  origin?: string | null
  accounts?: Accounts | null
  jobs?: Jobs | null
  languages?: readonly string[] | undefined
  source?: string
  identityConfirmed?: boolean
  isProven?: boolean
  onBehalf?: number | null
  now?: () => Date
}

export function openCall(options: CallOptions): Call {
  return {
    registry: options.registry,
    cx: options.cx,
    blobs: options.blobs ?? null,
    outbox: options.outbox ?? null,
    origin: options.origin ?? null,
    accounts: options.accounts ?? null,
    jobs: options.jobs ?? null,
    languages: options.languages ?? ['en_US'],
    installed: options.languages ?? null,
    source: options.source ?? 'code',
    identityConfirmed: options.identityConfirmed ?? false,
    isProven: options.isProven ?? options.identityConfirmed ?? false,
    onBehalf: options.onBehalf ?? null,
    now: options.now ?? (() => new Date()),
    dirty: { ids: new Map(), reached: [] },
    unchecked: new Map(),
    unjudged: [],
    numbering: [],
    reasons: new Map(),
    isVolatile: false,
    flushing: false,
    touched: new Set(),
    asksOwner: false,
  }
}
