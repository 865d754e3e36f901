import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import { OpsError } from './errors.ts'
import { instanceColumns, type Instance } from './instances.ts'

export interface HostTableEvents {
  /** Instances or host names changed, and the table was read anew. */
  changed?: () => void
  /** The connection to the registry was lost; the last known table goes on being used. */
  lost?: (error: Error) => void
}

/** How far an instance's audit chain had come. */
export interface AuditHead {
  seq: number
  head: Uint8Array
  /** The head as its sealer signed it, literally. */
  signed: string
}

const rereadMs = 60_000
const leaseMs = 120_000

/**
 * The registry as a serving process sees it: instances and hosts in memory, kept fresh by LISTEN on `erp4_host` (the only database where
 * anybody may NOTIFY, kernel.md §2.9), read anew each minute and after each reconnection all the same.
 */
export class HostTable {
  readonly #config: pg.ClientConfig
  readonly #events: HostTableEvents
  #client: pg.Client | undefined
  #byHost = new Map<string, Instance>()
  #byName = new Map<string, Instance>()
  readonly #leases = new Map<string, { until: number; written: Promise<void> }>()
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined
  /** The one connection answers one question at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  private constructor(config: pg.ClientConfig, events: HostTableEvents) {
    this.#config = config
    this.#events = events
  }

  /** Connects as `erp4_server` or `erp4_sealer` and reads the table; fails when the registry cannot be reached now. */
  static async open(config: pg.ClientConfig, events: HostTableEvents = {}): Promise<HostTable> {
    const table = new HostTable(config, events)
    await table.#connect()
    return table
  }

  /** The ready instance that owns exactly this host name; it may be suspended. */
  find(host: string): Instance | undefined {
    return this.#byHost.get(host)
  }

  named(name: string): Instance | undefined {
    return this.#byName.get(name)
  }

  instances(): Instance[] {
    return [...this.#byName.values()]
  }

  /** Asked of the registry itself, before each effect outside: a copy sends no mail (cloud.md §4). Undefined while nothing may be done there. */
  async kindOf(uuid: string): Promise<'live' | 'copy' | undefined> {
    const { rows } = await this.#query<{ kind: 'live' | 'copy' }>(
      `select kind from instance where uuid = $1 and state = 'ready' and suspended is null`,
      [uuid],
    )
    return rows[0]?.kind
  }

  /** Whether the registry can be asked right now; a process that cannot goes on with what it knows, but nobody should send it more. */
  async answers(patienceMs = 2_000): Promise<boolean> {
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, patienceMs, false).unref())
    const asked = this.#query('select').then(
      () => true,
      () => false,
    )
    return Promise.race([asked, late])
  }

  /** A sealed password of an instance; only of the purpose that this login may see. */
  async secret(uuid: string, purpose: 'runtime' | 'seal'): Promise<{ version: number; sealed: Buffer }> {
    const { rows } = await this.#query<{ version: number; sealed: Buffer }>(
      'select version, sealed from secret where instance = $1 and purpose = $2',
      [uuid, purpose],
    )
    if (!rows[0]) throw new OpsError('not_found', `The registry shows no ${purpose} password of instance ${uuid} to this login.`)
    return rows[0]
  }

  /** Before its first write in a minute a process says that the instance is active; workers look there. Free while the lease holds. */
  async markActive(uuid: string, now = Date.now()): Promise<void> {
    const lease = this.#leases.get(uuid)
    if (lease && lease.until > now) return lease.written
    const fresh = { until: now + leaseMs / 2, written: this.#writeLease(uuid) }
    this.#leases.set(uuid, fresh)
    await fresh.written.catch((error) => {
      this.#leases.delete(uuid)
      throw error
    })
  }

  /** Something in the instance waits for the owner of its tables: whoever may be that looks there now, and for a while. */
  async askOwner(uuid: string): Promise<void> {
    await this.#query('insert into owner_ask (instance) values ($1) on conflict (instance) do update set asked = now()', [uuid])
  }

  /** Instances whose trail may have unsealed rows: active now, or so lately that a transaction begun then may just have ended; or new, which nobody's lease tells. */
  activeInstances(): Promise<Instance[]> {
    return this.#readyOnes(`a.until > now() - interval '5 minutes' or i.created > now() - interval '10 minutes'`)
  }

  /** Instances for workers, no copies and none that is suspended: active since their last visit began, so that each is visited once more after its last possible write, or due. */
  instancesToVisit(): Promise<Instance[]> {
    return this.#readyOnes(
      `i.kind = 'live' and i.suspended is null and a.instance is not null and (a.visited is null or a.visited < a.until or a.next_due <= now())`,
    )
  }

  /** A worker's visit that began at `startedAt` is over; `nextDue` is when to come again if nothing else happens. */
  async visited(uuid: string, { startedAt, nextDue }: { startedAt: Date; nextDue: Date | null }): Promise<void> {
    await this.#query(
      `insert into active (instance, until, visited, next_due) values ($1, $2, $2, $3)
       on conflict (instance) do update set visited = excluded.visited, next_due = excluded.next_due`,
      [uuid, startedAt, nextDue],
    )
  }

  async #readyOnes(condition: string): Promise<Instance[]> {
    const { rows } = await this.#query<{ name: string }>(
      `select i.name from instance i left join active a on a.instance = i.uuid where i.state = 'ready' and (${condition}) order by i.name`,
    )
    return rows.flatMap(({ name }) => this.#byName.get(name) ?? [])
  }

  /** A head of the audit chain, kept outside the instance; insert only, so that no head can be replaced (sealer's login). */
  async addAuditHead(uuid: string, { seq, head, signed }: AuditHead): Promise<void> {
    await this.#query(
      `insert into audit_head (instance, generation, seq, head, signed) select uuid, generation, $2, $3, $4 from instance where uuid = $1
       on conflict do nothing`,
      [uuid, seq, Buffer.from(head), signed],
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {}) // it may be gone already
  }

  async #writeLease(uuid: string): Promise<void> {
    await this.#query(
      `insert into active (instance, until) values ($1, now() + $2 * interval '1 ms')
       on conflict (instance) do update set until = greatest(active.until, excluded.until)`,
      [uuid, leaseMs],
    )
  }

  async #query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<pg.QueryResult<R>> {
    const mine = this.#turn.then(() => {
      if (!this.#client) throw new OpsError('busy', 'The host registry cannot be reached right now.')
      return this.#client.query<R>(text, values)
    })
    this.#turn = mine.catch(() => {}) // whoever asked is told
    return mine
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...this.#config, keepAlive: true })
    client.on('error', (error) => this.#lose(client, error))
    client.on('end', () => this.#lose(client, new Error('the registry closed the connection')))
    client.on('notification', () => void this.#reread())
    await client.connect()
    this.#client = client
    await client.query('listen erp4_instances')
    await this.#read()
    this.#scheduleReread()
  }

  #lose(client: pg.Client, error: Error): void {
    if (this.#client !== client || this.#closed) return
    this.#client = undefined
    this.#events.lost?.(error)
    void this.#reconnect(100)
  }

  async #reconnect(waitMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, waitMs).unref())
    if (this.#closed || this.#client) return
    await this.#connect().catch(() => this.#reconnect(Math.min(5_000, waitMs * 2)))
  }

  #scheduleReread(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#reread().then(() => this.#scheduleReread()), rereadMs)
    this.#timer.unref()
  }

  /** One reading at a time; a notification that comes meanwhile asks for one more. */
  async #reread(): Promise<void> {
    const before = this.#reading
    const mine = (async () => {
      await before
      if (this.#client) await this.#read().catch(() => {}) // a lost connection reads anew when it is back
    })()
    this.#reading = mine
    await mine
  }

  async #read(): Promise<void> {
    const { rows } = await this.#query<Instance>(`select ${instanceColumns} from instance i where i.state = 'ready'`)
    const instances = rows.map((row) => this.#sameAsBefore(row))
    this.#byName = new Map(instances.map((instance) => [instance.name, instance]))
    this.#byHost = new Map(instances.flatMap((instance) => instance.hosts.map((host) => [host, instance] as const)))
    this.#events.changed?.()
  }

  /** An instance that did not change stays the same object: what a server keeps for it hangs on that. */
  #sameAsBefore(row: Instance): Instance {
    const known = this.#byName.get(row.name)
    return known && isDeepStrictEqual(known, row) ? known : row
  }
}
