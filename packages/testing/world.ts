import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type App, Databases, type Group, type Registry, type User, assemble } from '@erp4/orm'
import { type Host, connectAs, createInstance, discardInstance, ensureTemplate, withClient } from '@erp4/ops'
import { FileStore, type InstanceKeys, systemUser } from '@erp4/server'
import type pg from 'pg'
import { Actor, type Stage } from './actor.ts'
import { withCluster } from './cluster.ts'
import { buildTemplate } from './template.ts'

/** A fresh instance with the standard data of its apps, and people to use it. */
export interface World {
  readonly registry: Registry
  /** The key of its database in `databases`, which is also PostgreSQL's name for it. */
  readonly database: string
  /** Connections as the runtime role, the one that the server has. */
  readonly databases: Databases
  /** Where its files are kept. */
  readonly files: FileStore
  /** What its letters are sealed with; a server for it has the same. */
  readonly keys: InstanceKeys
  /** Whoever needs no right: prepares what a test is about. */
  readonly system: Actor<true>
  /** Runs `work` as the owner of its tables, who alone may change them. */
  asOwner<T>(work: (client: pg.Client) => Promise<T>): Promise<T>
  /** A new user of the main company, in these groups and all that they imply. */
  person(...groups: readonly Group[]): Promise<Actor<false>>
  /** A new user of the companies with these ids, the first one being his own. */
  personOf(companies: readonly number[], ...groups: readonly Group[]): Promise<Actor<false>>
  /** One more company; answers its id. */
  company(name: string): Promise<number>
}

/**
 * An instance of its own for a test: a copy of a template that is made once for each set of apps and run. It goes when the test
 * (or the file, where it is made at its top; not in a `before`, whose end it would not outlive) is through. `now` is the time that calls see.
 */
export async function world(apps: App | readonly App[], options: { now?: () => Date } = {}): Promise<World> {
  const made: (() => Promise<void>)[] = []
  // Asked for before the first await: Node would take a later hook for one of the whole file, which waits for our connections to end.
  after(async () => {
    for (const remove of made) await remove()
  })
  const list = [apps].flat()
  const host = await withCluster()
  const registry = assemble(list)
  const names = registry.apps.map(({ name }) => name)
  const template = await templateOf(host, registry)
  const name = `world-${randomBytes(6).toString('hex')}`
  const order = { name, hosts: [], apps: names, release: 'test', template, prepare: () => Promise.resolve() }
  const { instance } = await createInstance(host, order)
  const databases = new Databases(() => connectAs(host, instance, 'runtime'), { total: 12, perDatabase: 12 })
  const folder = mkdtempSync(join(tmpdir(), 'erp4-world-'))
  const files = new FileStore({ folder, instance: name, keys: { name: randomBytes(32), wrap: randomBytes(32) } })
  made.push(async () => {
    await databases.close()
    await discardInstance(host, name)
    rmSync(folder, { recursive: true, force: true })
  })
  const asOwner: World['asOwner'] = async (work) => withClient(await connectAs(host, instance, 'owner'), work)
  const secret = randomBytes(32)
  const keys = { derive: (purpose: string) => createHmac('sha256', secret).update(purpose).digest() }
  return peopled({ registry, database: instance.database, databases, files, keys, now: options.now ?? (() => new Date()) }, asOwner)
}

/** Begins with the template of the first app alone: most of what an empty instance takes is its countries, languages and currencies. */
async function templateOf(host: Host, { apps }: Registry): Promise<string> {
  const names = apps.map(({ name }) => name)
  const from = apps.length > 1 && names[0] === 'base' ? await templateOf(host, assemble(apps.slice(0, 1))) : undefined
  const order = { label: `test ${names.join(' ')}`, apps: names, fingerprint: 'this run', ...(from === undefined ? {} : { from }) }
  return ensureTemplate(host, order, (config) => buildTemplate(config, assemble(apps)))
}

function peopled(stage: Stage, asOwner: World['asOwner']): World {
  const system = new Actor(stage, systemUser, true)
  let people = 0
  const personOf: World['personOf'] = async (companies, ...groups) => {
    people++
    const id = await makeUser(system, { login: `user${people}`, name: nameOf(people), companies, keys: groups.map(({ name }) => name) })
    return new Actor(stage, await readUser(system, id), false)
  }
  const { registry, database, databases, files, keys } = stage
  return {
    registry,
    database,
    databases,
    files,
    keys,
    system,
    asOwner,
    personOf,
    person: (...groups) => personOf([systemUser.company_id], ...groups),
    company: (name) => makeCompany(system, name),
  }
}

interface NewUser {
  login: string
  name: string
  companies: readonly number[]
  keys: readonly string[]
}

function makeUser(system: Actor<true>, { login, name, companies, keys }: NewUser): Promise<number> {
  return system.call(async (sys) => {
    const found = await sys.model('res.groups').find([['key', 'in', keys]], ['key'])
    const missing = keys.filter((key) => !found.some((group) => group.key === key))
    if (missing.length > 0) throw new Error(`No app of this world declares the group ${missing.join(', ')}`)
    const [partner_id] = (await sys.model('res.partner').create({ name })).ids
    const values = { login, partner_id, company_id: companies[0], company_ids: [...companies], group_ids: found.map((group) => group.id) }
    const [id] = (await sys.model('res.users').create(values as never)).ids
    return id!
  })
}

/** The user as a session statement would bring him. */
async function readUser(system: Actor<true>, id: number): Promise<User> {
  const [user] = await system
    .model('res.users')
    .browse([id])
    .read(['login', 'name', 'partner_id.commercial_partner_id', 'company_id', 'company_ids', 'group_ids.all_implied_ids', 'lang', 'tz'])
  const { login, name, partner_id, company_id, company_ids, group_ids, lang, tz } = user!
  const held = [...new Set(group_ids.flatMap((group) => group.all_implied_ids))]
  const groups = await system.model('res.groups').browse(held).read(['key'])
  return {
    id,
    login,
    name: name ?? login,
    partner_id: partner_id.id,
    commercial_partner_id: partner_id.commercial_partner_id ?? partner_id.id,
    company_id,
    company_ids: [company_id, ...company_ids.filter((one) => one !== company_id)],
    groups: new Set(groups.map(({ key }) => key)),
    lang: lang ?? 'en_US',
    tz: tz ?? 'UTC',
  }
}

function makeCompany(system: Actor<true>, name: string): Promise<number> {
  return system.call(async (sys) => {
    const [partner_id] = (await sys.model('res.partner').create({ name, is_company: true })).ids
    const [currency_id] = (await sys.model('res.currency').search([['name', '=', 'EUR']])).ids
    const [id] = (await sys.model('res.company').create({ name, partner_id: partner_id!, currency_id: currency_id! })).ids
    return id!
  })
}

const names = ['Ann', 'Bob', 'Chun', 'Dora', 'Emil', 'Fatma', 'Gus', 'Hana']
const nameOf = (number: number): string => names[number - 1] ?? `Person ${number}`
