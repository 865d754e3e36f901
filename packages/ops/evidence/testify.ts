import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { listBackups } from '../backup/catalogue.ts'
import { examineHost } from '../examination.ts'
import type { Host } from '../host.ts'
import { fullness, planRetention } from '../retention/plan.ts'
import { retentionSets } from '../retention/registry.ts'
import { objectKeys } from '../retention/stored-sets.ts'
import { trustedKey } from '../keys/signers.ts'
import { readText } from '../stores/content.ts'
import { openStores } from '../stores/open.ts'
import type { StoreReader } from '../stores/store.ts'
import { headFile, record, type ChainHead } from './chain.ts'
import { openLine, type Measure, type Result } from './record.ts'

const hourMs = 3_600_000

interface Verdict {
  result: Result
  reason?: string
  measures?: Measure[]
}

/**
 * Records, of every live instance and the host, what can be seen without moving data: how old the newest proven set is, where its copies
 * lie, whether the sets that should stay are there, whether everything is closed to each other. Then the head of the chain goes to every
 * location: whoever rewrites the evidence of this host later cannot rewrite it there.
 */
export async function testify(host: Host, now = new Date()): Promise<void> {
  const { rows } = await host.db.query<{ uuid: string; zone: string; created: Date }>(
    `select uuid, zone, created from instance where state = 'ready' and kind = 'live' order by name`,
  )
  for (const { uuid, zone, created } of rows) {
    const say = (check: string, verdict: Verdict) =>
      record(host, { check, subject: { type: 'instance', id: uuid }, started: now, ...verdict })
    say('backup.freshness', await freshness(host, uuid, created, now))
    say('backup.placement', await placed(host, uuid))
    say('retention.kept', await kept(host, uuid, zone, now))
  }
  const faults = (await examineHost(host)).filter(({ level }) => level === 'fault').map(({ text }) => text)
  record(host, {
    check: 'host.isolation',
    subject: { type: 'host', id: host.home.facts().host ?? '' },
    started: now,
    result: faults.length ? 'fail' : 'pass',
    reason: faults.slice(0, 5).join(' '),
  })
  await shipHead(host)
}

async function freshness(host: Host, uuid: string, created: Date, now: Date): Promise<Verdict> {
  const proven = (await retentionSets(host, uuid)).filter((set) => set.proven && set.taken <= now).map(({ taken }) => taken.getTime())
  const age = (now.getTime() - (proven.length ? Math.max(...proven) : created.getTime())) / hourMs
  if (proven.length === 0 && age <= 24) return { result: 'skipped', reason: 'It is too young to have a proven set.' }
  const measures: Measure[] = [{ name: 'age_hours', value: Math.round(age * 100) / 100, unit: 'h', limit: 24, op: '<=' }]
  return age <= 24 ? { result: 'pass', measures } : { result: 'fail', reason: 'The newest proven set is older than 24 hours.', measures }
}

async function placed(host: Host, uuid: string): Promise<Verdict> {
  const newest = (await listBackups(host, uuid)).find(({ state }) => state === 'published')
  if (!newest) return { result: 'skipped', reason: 'There is no set yet.' }
  const evidence = newest.copies.filter(({ state }) => state === 'verified').length
  const measures: Measure[] = [{ name: 'verified_copies', value: evidence, unit: 'copies' }]
  return newest.counts ? { result: 'pass', measures } : { result: 'fail', reason: `${newest.reasons.join('; ')}.`, measures }
}

/** What should be kept is what is there, and as many of the 14 as so many sets allow. */
async function kept(host: Host, uuid: string, zone: string, now: Date): Promise<Verdict> {
  const sets = await retentionSets(host, uuid)
  const { quarantined, refusals } = planRetention({ sets, now })
  const { kept: have, of, fullOn } = fullness(sets, { now, zone })
  const measures: Measure[] = [{ name: 'kept', value: have, unit: 'sets', limit: of, op: '<=' }]
  const odd = [
    ...quarantined.map(({ set, why }) => `${set.set}: ${why}`),
    ...refusals.filter(({ rule }) => rule !== 'too_many').map(({ says }) => says),
  ]
  if (odd.length) return { result: 'fail', reason: odd.slice(0, 5).join(' '), measures }
  if (have === 0) return { result: 'skipped', reason: 'There is no proven set yet.', measures }
  return { result: 'pass', reason: fullOn ? `${have} of ${of}, full on ${fullOn}.` : '', measures }
}

/** `evidence/<host>/<number>.json`, written once: a location that is away gets the next one. */
async function shipHead(host: Host): Promise<void> {
  if (!existsSync(headFile(host.home))) return
  const line = readFileSync(headFile(host.home))
  const opened = openLine<ChainHead>(line.toString().trimEnd(), (id) => host.keys.trustedKey(id))
  if ('fault' in opened) return
  const key = headKey(opened.payload)
  const order = { length: line.length, sha256: createHash('sha256').update(line).digest('hex') }
  const stores = await openStores(host.home, 'write')
  await Promise.allSettled(stores.map((store) => store.putIfAbsent(key, () => Readable.from([line]), order)))
  await Promise.allSettled(stores.map((store) => store.close()))
}

/** How far back from its greatest name a location's heads are looked through for one of ours. */
const triedHeads = 100

/**
 * The newest head that each location keeps of this host's chain, and which locations could not be asked. Whoever may write there can put junk under a
 * greater name: only what this host signed, under the name that its number has, is a head. Of a heap of junk the first is told, as a fault in itself.
 */
export async function evidenceHeads(home: Host['home']): Promise<{ heads: string[]; unreachable: string[] }> {
  const stores = await openStores(home, 'read')
  const heads: string[] = []
  const unreachable: string[] = []
  for (const store of stores) {
    try {
      const last: string[] = []
      for await (const key of objectKeys(store, `evidence/${home.facts().host ?? ''}/`)) if (last.push(key) > triedHeads) last.shift()
      const lines = await newestHead(home, store, last.reverse())
      heads.push(...lines)
    } catch (error) {
      unreachable.push((error as Error).message)
    } finally {
      await store.close()
    }
  }
  return { heads, unreachable }
}

/** The newest line that is a head of ours; when there is none among these, the newest of all, for its fault to be told. */
async function newestHead(home: Host['home'], store: StoreReader, keys: readonly string[]): Promise<string[]> {
  let first: string | undefined
  for (const key of keys) {
    const line = (await readText(store, key).catch(unlessJunk)).trimEnd()
    const opened = openLine<ChainHead>(line, (id) => trustedKey(home, id))
    const isOurs = !('fault' in opened) && opened.payload.host === home.facts().host && key === headKey(opened.payload)
    if (isOurs) return [line]
    first ??= line
  }
  return first === undefined ? [] : [first]
}

const headKey = ({ host, seq }: ChainHead): string => `evidence/${host}/${String(seq).padStart(12, '0')}.json`

/** What is too long to be a head is none. */
const unlessJunk = (error: Error & { code?: string }): string => {
  if (error.code === 'set_damaged' || error.code === 'not_found') return ''
  throw error
}
