import pg from 'pg'

const asText = (value: string) => value
// Dates and numerics stay text: a Date would move with the server's zone, a double would lose cents.
const types = new pg.TypeOverrides()
for (const oid of [1082, 1114, 1184, 1700]) types.setTypeParser(oid, asText)
types.setTypeParser(20, (value) => Number(value))

export type Rows = Record<string, any>[]

/** A column of an answer: its name, and what its text is read with. */
interface Column {
  readonly name: string
  readonly read: (text: string) => unknown
}

/** What the prepared statements of a connection answer, by name: told by PostgreSQL once, since it never changes. */
export type Answers = Map<string, readonly Column[]>

/** What of pg is used beyond its declared types. */
interface Wire {
  readonly stream: { write(bytes: Buffer): void }
  readonly parsedStatements: Record<string, string | undefined>
  readonly submittedNamedStatements: Record<string, string | undefined>
  parse(message: { text: string; name: string }): void
  bind(message: { statement: string; values: readonly unknown[] }): void
  sync(): void
}
const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => unknown } }).utils

/** Messages of the protocol that are the same each time, to be sent as one: execute what was bound, and sync; before it, describe it. */
const run = Buffer.from('E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04', 'latin1')
const describeAndRun = Buffer.concat([Buffer.from('D\0\0\0\x06P\0', 'latin1'), run])

/**
 * A statement and its rows. What pg does for one of its own (copying how it is asked, four messages, an event for each row, columns that are
 * described anew each time) was a fifth of the server's time for an order.
 */
export class Asked extends pg.Query {
  declare readonly text: string
  declare name: string
  declare values: readonly unknown[]
  declare queryMode: 'extended'
  declare callback: (error: Error | null) => void
  declare _canceledDueToError: unknown
  /** The answer, once a client was given this. */
  readonly answer: Promise<Rows>
  /** What it did, once it has: 'COMMIT', 'UPDATE 5'. */
  command = ''
  readonly #rows: Rows = []
  readonly #answers: Answers
  #columns: readonly Column[] | undefined

  /** `name` prepares it under that name; '' does not. */
  constructor({ text, values }: { readonly text: string; readonly values: readonly unknown[] }, name: string, answers: Answers) {
    super(text)
    this.values = values
    this.name = name
    this.queryMode = 'extended' // which refuses a second statement in one text
    this.#answers = answers
    this.answer = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve(this.#rows))
    })
  }

  // What follows is called by pg.

  prepare(connection: Wire): void {
    const { name, text } = this
    const values = this.#prepared(connection)
    if (!values) return
    if (name === '' || (connection.parsedStatements[name] ?? connection.submittedNamedStatements[name]) === undefined) {
      connection.parse({ name, text })
      if (name !== '') connection.submittedNamedStatements[name] = text
    } else this.#columns = this.#answers.get(name)
    connection.bind({ statement: name, values })
    connection.stream.write(this.#columns ? run : describeAndRun)
  }

  handleRowDescription({ fields }: { fields: readonly { readonly name: string; readonly dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      read: types.getTypeParser(dataTypeID, 'text') as unknown as Column['read'],
    }))
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    try {
      const row: Record<string, unknown> = {}
      for (const [i, { name, read }] of this.#columns!.entries()) row[name] = fields[i] === null ? null : read(fields[i]!)
      this.#rows.push(row)
    } catch (error) {
      // Nobody stands between here and the socket.
      this._canceledDueToError = error
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.command = text
    if (this.name !== '') this.#answers.set(this.name, this.#columns ?? [])
  }

  /** As texts; null where that cannot be, and the statement is answered. */
  #prepared(connection: Wire): unknown[] | null {
    try {
      return this.values.map(prepareValue)
    } catch (error) {
      connection.sync() // whose answer ends this statement for the client
      this.callback(error as Error)
      return null
    }
  }
}
