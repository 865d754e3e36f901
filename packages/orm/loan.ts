import type pg from 'pg'
import { type Answers, Asked, type Rows } from './asked.ts'
import type { Sql } from './sql/fragment.ts'

/** One connection, lent for a call. */
export interface Connection {
  /** Rows of one statement. `name` prepares it under that name: only for statements of a fixed shape (kernel §2.2, rule 6). */
  query<R = Record<string, any>>(statement: Sql, name?: string): Promise<R[]>
  /**
   * Starts a statement whose answer nobody needs, such as a lock, without waiting for it: it travels with the next one, which runs after it
   * and fails with its error, as does the commit. Inside a transaction only.
   */
  send(statement: Sql, name?: string): void
  /** How many statements ran on behalf of this loan, `begin` and `commit` left out. */
  readonly statements: number
  /**
   * The commit need not wait for the disk: the answer will, right after it, so that locks are free while the disk turns (kernel §2.5).
   * For calls that hold a row everybody wants, such as a counter. Inside a transaction only.
   */
  commitEarly?(): void
  /** Does `work` after everything else, right before the commit: for rows that everybody wants, so that they are held no longer than it takes. Inside a transaction only. */
  atEnd?(work: () => Promise<void>): void
}

/** A connection as it is lent to whoever finds out who calls. */
export interface Lent extends Connection {
  /**
   * Goes on as if `check` passed, a round trip sooner: `statement` travels ahead of the next one, and where `check` throws over its rows,
   * that is all that comes of this loan. Nothing is answered and nothing committed before it was looked at. Before the first statement only.
   */
  presume<R = Record<string, any>>(statement: Sql, name: string, check: (rows: readonly R[]) => void): void
}

/** What of pg's client is used beyond its declared types. */
type Client = pg.Client & {
  readonly connection: {
    readonly stream: { cork(): void; uncork(): void }
    readonly parsedStatements: Record<string, string>
    close(message: { type: 'S'; name: string }): void
  }
}

/** Prepared statements of a connection: past so many, the one that was not used for longest is let go, or backends would hoard plans. */
const mostPrepared = 400

/** A connection's prepared statements by name, the last used one last. */
export class Prepared {
  readonly #client: Client
  readonly #names = new Set<string>()
  readonly answers: Answers = new Map()

  constructor(client: pg.Client) {
    this.#client = client as Client
  }

  use(name: string): void {
    if (!this.#names.delete(name) && this.#names.size >= mostPrepared) this.#forget(this.#names.values().next().value!)
    this.#names.add(name)
  }

  #forget(name: string): void {
    this.#names.delete(name)
    this.answers.delete(name)
    const { connection } = this.#client
    // PostgreSQL answers with the next statement's answer.
    connection.close({ type: 'S', name })
    delete connection.parsedStatements[name]
  }
}

/** The durability wait: what is in the log before this message is on the disk when the message is. */
const durability = "select pg_logical_emit_message(true, '', '')"

export class Loan implements Lent {
  readonly #client: Client
  readonly #prepared: Prepared
  /** Sends what travels with the next statement: a packet less, and a change of processes less on both sides. */
  readonly #ahead: (() => Promise<unknown>)[] = []
  /** What was presumed and is not sent yet; then, whether it holds. */
  #presumption: (() => Promise<void>) | undefined
  #holds: Promise<void> | undefined
  /** Why the transaction is lost, when a statement failed that nobody waited for. */
  #failed: unknown
  #isOpen = false
  /** Something was sent that must run before the end, whether a statement follows it or not. */
  #isDue = false
  #isEarly = false
  readonly #last: (() => Promise<void>)[] = []
  statements = 0

  constructor(client: pg.Client, prepared: Prepared, opening?: string) {
    this.#client = client as Client
    this.#prepared = prepared
    if (opening !== undefined) this.#ahead.push(() => this.#open(opening))
  }

  /** Runs `work`; what it answers or throws counts only if what was presumed holds. */
  async run<T>(work: (cx: Lent) => Promise<T>): Promise<T> {
    try {
      const answer = await work(this)
      for (const last of this.#last) await last()
      return answer
    } finally {
      await this.#hold()
    }
  }

  presume<R>(statement: Sql, name: string, check: (rows: readonly R[]) => void): void {
    this.#presumption = () => {
      this.statements++
      return this.#ask(statement, name).answer.then((rows) => check(rows as R[]))
    }
    this.#ahead.push(() => this.#hold())
  }

  async #hold(): Promise<void> {
    this.#holds ??= this.#presumption?.()
    await this.#holds
  }

  async query<R>(statement: Sql, name?: string): Promise<R[]> {
    this.statements++
    try {
      const rows = await this.#start(statement, name)
      // Only a savepoint that was gone back to makes a transaction go on after a failure.
      this.#failed = undefined
      return rows as R[]
    } catch (error) {
      // From here, not from the socket.
      if (error instanceof Error) Error.captureStackTrace(error)
      throw this.#failed ?? error
    }
  }

  send(statement: Sql, name?: string): void {
    this.statements++
    this.#isDue = true
    this.#ahead.push(async () => {
      try {
        await this.#ask(statement, name).answer
      } catch (error) {
        this.#failed ??= error
      }
    })
  }

  atEnd(work: () => Promise<void>): void {
    this.#last.push(work)
  }

  commitEarly(): void {
    if (this.#isEarly) return
    this.#isEarly = true
    this.#ahead.push(() => this.#say('set local synchronous_commit = off').answer)
  }

  /** Ends the transaction, if a statement began one. Throws, and nothing was done, if one of them failed, whether anybody saw it or not. */
  async commit(): Promise<void> {
    if (!this.#isOpen && !this.#isDue) return
    const { stream } = this.#client.connection
    stream.cork()
    const ahead = this.#ahead.splice(0).map((send) => send())
    const committed = this.#say('commit')
    // Nothing is acknowledged that could be lost.
    const durable = this.#isEarly ? this.#say(durability).answer : undefined
    stream.uncork()
    await Promise.all([...ahead, committed.answer, durable])
    if (committed.command !== 'COMMIT')
      throw (this.#failed as Error | undefined) ?? new Error('A statement failed unseen, so that nothing could be committed')
  }

  async rollback(): Promise<void> {
    if (this.#isOpen) await this.#client.query('rollback')
  }

  #start(statement: Sql, name: string | undefined): Promise<Rows> {
    if (this.#ahead.length === 0) return this.#ask(statement, name).answer
    const { stream } = this.#client.connection
    stream.cork()
    const ahead = this.#ahead.splice(0).map((send) => send())
    const { answer } = this.#ask(statement, name)
    stream.uncork()
    // What went ahead has the first word: a statement that ran on a wrong presumption tells nothing, not even its error.
    answer.catch(() => undefined)
    return Promise.all(ahead).then(() => answer)
  }

  #ask(statement: Sql, name = ''): Asked {
    return this.#run(statement.compile(), name)
  }

  /** One of the few statements about the transaction itself. */
  #say(text: string): Asked {
    return this.#run({ text, values: [] }, text)
  }

  #run(statement: { readonly text: string; readonly values: readonly unknown[] }, name: string): Asked {
    if (name !== '') this.#prepared.use(name)
    return this.#client.query(new Asked(statement, name, this.#prepared.answers))
  }

  #open(opening: string): Promise<unknown> {
    this.#isOpen = true
    return this.#say(opening).answer
  }
}
