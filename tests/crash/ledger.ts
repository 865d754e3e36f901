import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type KeyHolder, Unanswered, call } from './wire.ts'

/** A company with its people, ordered in one call. */
interface Order {
  readonly name: string
  readonly key: string
  /** As answered; undefined while nobody knows. */
  id: number | undefined
  /** Asked to be gone: `true` once that was answered. */
  gone: boolean | undefined
}

/** What a client was told, kept where no crash of the server reaches it. */
export interface Ledger {
  readonly orders: Order[]
  /** Of each writer's own record: the last value answered, and the last one sent. */
  readonly counters: Map<number, { answered: number; sent: number }>
  /** Numbers drawn from the sequence. */
  readonly numbers: string[]
  unanswered: number
}

export const newLedger = (): Ledger => ({ orders: [], counters: new Map(), numbers: [], unanswered: 0 })

export const peopleOf = (name: string): string[] => ['buyer', 'seller', 'keeper'].map((role) => `${name} ${role}`)

const companyOrder = (name: string) => ({
  vals_list: [
    { name, is_company: true, ref: 'ledger', child_ids: peopleOf(name).map((person) => [0, 0, { name: person, ref: 'ledger' }]) },
  ],
})

export const makeOrder = async (holder: KeyHolder, { name, key }: Pick<Order, 'name' | 'key'>): Promise<number> =>
  (await call(holder, 'res.partner/create', companyOrder(name), key))[0]

/** Writes until told to stop, whatever happens to the server meanwhile, and enters what it is told. */
export async function write(holder: KeyHolder, ledger: Ledger, writer: { name: string; record: number }, stop: AbortSignal): Promise<void> {
  const counter = { answered: 0, sent: 0 }
  ledger.counters.set(writer.record, counter)
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      ledger.unanswered++
      await pause(300)
    }
  }
  for (let n = 1; !stop.aborted; n++) {
    const order: Order = { name: `${writer.name} ${n}`, key: randomUUID(), id: undefined, gone: undefined }
    ledger.orders.push(order)
    await attempt(async () => {
      order.id = await makeOrder(holder, order)
    })
    await attempt(async () => {
      counter.sent = n
      await call(holder, 'res.partner/write', { ids: [writer.record], vals: { ref: String(n), color: n } })
      counter.answered = n
    })
    await attempt(async () => {
      ledger.numbers.push(await call(holder, 'ir.sequence/next_by_code', { sequence_code: 'ledger' }))
    })
    if (n % 4 === 0 && order.id !== undefined) await attempt(() => remove(holder, order))
  }
}

async function remove(holder: KeyHolder, order: Order): Promise<void> {
  const ids = await call(holder, 'res.partner/search', { domain: [['parent_id', '=', order.id]] })
  order.gone = false
  await call(holder, 'res.partner/unlink', { ids: [...ids, order.id] })
  order.gone = true
}

/** Repeats every order that was never answered, under its key: whatever became of it then, now it is there, once. */
export async function repeatUnanswered(holder: KeyHolder, ledger: Ledger): Promise<number> {
  const open = ledger.orders.filter(({ id }) => id === undefined)
  for (const order of open) order.id = await makeOrder(holder, order)
  return open.length
}

interface Row {
  readonly id: number
  readonly name: string
  readonly ref: string | false
  readonly color: number
  readonly parent_id: [number, string] | false
}

/** What the ledger and the instance disagree on, a sentence each; none when nothing was lost, doubled or left half done. */
export async function disagreements(holder: KeyHolder, ledger: Ledger): Promise<string[]> {
  const read = (domain: unknown): Promise<Row[]> =>
    call(holder, 'res.partner/search_read', { domain, fields: ['name', 'ref', 'color', 'parent_id'] })
  const rows = await read([['ref', '=', 'ledger']])
  const companies = rows.filter((row) => row.parent_id === false)
  const byName = Map.groupBy(companies, ({ name }) => name)
  const peopleById = Map.groupBy(
    rows.filter((row) => row.parent_id !== false),
    (row) => (row.parent_id as [number, string])[0],
  )
  const found = ledger.orders.flatMap((order) => judge(order, byName.get(order.name) ?? [], peopleById))
  const known = new Set(ledger.orders.map(({ name }) => name))
  const unknown = companies.filter(({ name }) => !known.has(name)).map(({ name }) => `Nobody ordered ${name}.`)
  const orphans = [...peopleById.keys()]
    .filter((id) => !companies.some((row) => row.id === id))
    .map((id) => `People of ${id} are without their company.`)
  const records = await read([['id', 'in', [...ledger.counters.keys()]]])
  const counters = [...ledger.counters].flatMap(([id, { answered, sent }]) => {
    const row = records.find((one) => one.id === id)
    if (row === undefined) return [`Record ${id} is gone.`]
    const value = Number(row.ref)
    if (row.color !== value) return [`Record ${id} was half written: ${value} and ${row.color}.`]
    return value === answered || value === sent ? [] : [`Record ${id} is at ${value}, where ${answered} was answered and ${sent} sent.`]
  })
  const doubles = ledger.numbers.filter((number, i) => ledger.numbers.indexOf(number) !== i).map((number) => `${number} was drawn twice.`)
  return [...found, ...unknown, ...orphans, ...counters, ...doubles]
}

function judge(order: Order, found: readonly Row[], peopleById: ReadonlyMap<number, readonly Row[]>): string[] {
  const { name, id, gone } = order
  if (gone === true) return found.length === 0 ? [] : [`${name} was taken away, and is there.`]
  if (gone === false && found.length === 0) return [] // asked, and not answered: either is right
  if (id === undefined) return [`${name} was not repeated.`]
  if (found.length !== 1 || found[0]!.id !== id)
    return [`${name} was answered as ${id}, and is found as ${found.map((row) => row.id).join(', ') || 'nothing'}.`]
  const people = (peopleById.get(id) ?? []).map((person) => person.name)
  return people.toSorted().join() === peopleOf(name).toSorted().join()
    ? []
    : [`${name} was half written: it has ${people.join(', ') || 'nobody'}.`]
}
