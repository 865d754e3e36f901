import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import {
  endWaiver,
  findInstance,
  openHome,
  openStore,
  parseRegister,
  printable,
  prunerOrder,
  readRegister,
  recordWaiver,
  repair,
  scrub,
  sealCredentials,
  within,
  writeRegister,
  type Home,
  type LocationRegister,
  type RegisteredLocation,
  type ScrubReport,
  type StoreCredentials,
  type StoreRole,
} from '@erp4/ops'
import { parseCredentials } from '../credentials.ts'
import { CommandError, Verdict } from '../exit-codes.ts'
import { homeFolder, withHost } from '../home.ts'
import { answer, print } from '../terminal.ts'

const home = { type: 'string' } as const
const json = { type: 'boolean', default: false } as const
const roles: readonly string[] = ['read', 'write', 'prune'] satisfies StoreRole[]
const patienceMs = 20_000

/** `erp4 stores list`: the register, and whether each location answers. */
export async function list(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { home, json } })
  const opened = openHome(homeFolder(values.home))
  const { locations, waivers } = readRegister(opened)
  const found = await Promise.all(locations.map(async (location) => ({ ...location, trouble: await troubleOf(opened, location) })))
  if (values.json) return print(JSON.stringify({ locations: found, waivers }))
  for (const { name, provider, region, country, continent, store, trouble } of found)
    print(
      [name.padEnd(12), store.kind.padEnd(10), `${provider}, ${region}, ${country}, ${continent}`.padEnd(48), trouble ?? 'answers'].join(
        '  ',
      ),
    )
  for (const { instance, countries, who, when, reason } of waivers)
    print(`${instance === '*' ? 'all instances' : instance} only in ${countries.join(', ')}: ${reason} (${who}, ${when.slice(0, 10)})`)
}

/** `erp4 stores set FILE`: replaces the register by one that was written by hand, if backups could be safe in it. */
export async function set(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [file] = positionals
  if (!file || positionals.length > 1) throw new CommandError('usage', 'Give the file with the new register of locations.')
  const register = writeRegister(openHome(homeFolder(values.home)), registerIn(file))
  const names = register.locations.map(({ name }) => name).join(', ')
  answer(values.json, register, `Backups now go to ${names}. "erp4 stores repair" brings the sets there are to new ones.`)
}

/** What is wrong with a file that somebody wrote says nothing of the home. */
function registerIn(file: string): LocationRegister {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError('not_found', `${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  try {
    return parseRegister(content, file)
  } catch (error) {
    throw new CommandError('refused', printable((error as Error).message, 500), { cause: error })
  }
}

/** `erp4 stores credentials LOCATION ROLE`: seals what comes on standard input, where no list of processes shows it. */
export async function credentials(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [name, role = '', more] = positionals
  if (!name || !roles.includes(role) || more) throw new CommandError('usage', 'Give the location and one of read, write, prune.')
  const opened = openHome(homeFolder(values.home))
  const location = readRegister(opened).locations.find((one) => one.name === name)
  if (!location) throw new CommandError('not_found', `There is no location named ${JSON.stringify(name)}.`)
  if (location.store.kind === 'directory') throw new CommandError('refused', `${name} is a directory: it asks for no credentials.`)
  sealCredentials(opened, location, role as StoreRole, credentialsFor(location.store.kind, await text(process.stdin)))
  const trouble = await troubleOf(opened, location, role as StoreRole)
  if (trouble) throw new CommandError('store_failed', `They are kept, and do not open the store: ${trouble}`)
  answer(values.json, { location: name, role, opens: true }, `The credentials to ${role} in ${name} are kept, and open it.`)
}

function credentialsFor(kind: 'sftp' | 's3', given: string): StoreCredentials {
  const found = parseCredentials(given)
  if ('privateKey' in found === (kind === 'sftp')) return found
  throw new CommandError(
    'usage',
    kind === 'sftp' ? 'Give the private key on standard input.' : 'Give the access key, a space and its secret on standard input.',
  )
}

/** `erp4 stores pruner LOCATION`: prints what a pruner away from this host needs of it, for `pruner.json` in its folder. */
export async function pruner(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [location] = positionals
  if (!location || positionals.length > 1) throw new CommandError('usage', 'Give the name of one location.')
  await withHost(values.home, async (host) => print(JSON.stringify(await prunerOrder(host, location))))
}

/** `erp4 stores waive NAME`: keeps the backups of an instance in some countries; with `--end`, no longer. */
export async function waive(args: readonly string[]): Promise<void> {
  const options = {
    home,
    json,
    all: { type: 'boolean', default: false },
    countries: { type: 'string' },
    who: { type: 'string' },
    reason: { type: 'string' },
    end: { type: 'boolean', default: false },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [name] = positionals
  if (values.all === (name !== undefined) || positionals.length > 1)
    throw new CommandError('usage', 'Give the name of the instance, or --all.')
  await withHost(values.home, async (host) => {
    const instance = name === undefined ? '*' : (await findInstance(host, name)).uuid
    const of = name ?? 'every instance'
    if (values.end) {
      const { waivers } = endWaiver(host.home, instance)
      return answer(values.json, { waivers }, `No waiver for ${of} holds any more.`)
    }
    const { countries, who, reason } = values
    if (!countries || !who || !reason) throw new CommandError('usage', 'Say --countries DE,FR, --who decided it, and the --reason.')
    const decided = { instance, who, reason, when: new Date().toISOString(), countries: countries.split(',') }
    const { waivers } = recordWaiver(host.home, decided)
    answer(values.json, { waivers }, `The backups of ${of} stay in ${countries}, as ${who} has decided.`)
  })
}

/** `erp4 stores scrub [LOCATION]`: reads sets back and compares every byte, those first that were not read for longest. */
export async function scrubStores(args: readonly string[]): Promise<void> {
  const options = { home, json, gigabytes: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const bytesBudget = values.gigabytes === undefined ? Infinity : Number(values.gigabytes) * 1e9
  if (!(bytesBudget > 0)) throw new CommandError('usage', 'Give --gigabytes as a number.')
  await withHost(values.home, async (host) => {
    const locations = positionals.length ? positionals : readRegister(host.home).locations.map(({ name }) => name)
    const reports: ScrubReport[] = []
    for (const location of locations) reports.push(await scrub(host, { location, bytesBudget }))
    tell(reports, values.json)
  })
}

/** `erp4 stores repair [LOCATION]`: brings sets to where they are missing. */
export async function repairStores(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home, json }, allowPositionals: true })
  const [location, more] = positionals
  if (more) throw new CommandError('usage', 'Give one location, or none for all.')
  await withHost(values.home, async (host) => tell([await repair(host, location === undefined ? {} : { location })], values.json))
}

function tell(reports: readonly ScrubReport[], asJson: boolean): void {
  const [healed, troubles] = [reports.flatMap((one) => one.healed), reports.flatMap((one) => one.troubles)]
  const [sets, bytes] = [reports.reduce((sum, one) => sum + one.sets, 0), reports.reduce((sum, one) => sum + one.bytes, 0)]
  if (asJson) print(JSON.stringify({ sets, bytes, healed, troubles }))
  else {
    for (const one of healed) print(`healed   ${one.set} in ${one.location}: ${one.says}`)
    for (const one of troubles) print(`trouble  ${one.set} in ${one.location}: ${one.says}`)
    print(`${sets} copies read, ${(bytes / 1e6).toFixed(1)} MB; ${healed.length} healed, ${troubles.length} in trouble`)
  }
  if (troubles.length) throw new Verdict('set_damaged', `${troubles.length} copies are not as they should be.`)
}

async function troubleOf(opened: Home, location: RegisteredLocation, role: StoreRole = 'write'): Promise<string | undefined> {
  const store = await openStore(opened, location, role)
  try {
    await within(location, patienceMs, undefined, () => store.list('v1/'))
    return undefined
  } catch (error) {
    return (error as Error).message
  } finally {
    void store.close().catch(() => {}) // it may hang as its requests do
  }
}
