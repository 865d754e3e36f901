import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { createDirectoryStore } from './directory.ts'
import type { Location } from './store.ts'

/** Where and how a location's objects are kept. Credentials are no part of it: see `credentials.ts`. */
export type StoreSettings =
  /** A folder; relative ones lie in the home. */
  | { kind: 'directory'; path: string }
  /** `path` is a folder on the server, made there beforehand; `hostKey` as `ssh-keygen -lf` prints it: `SHA256:…`. */
  | { kind: 'sftp'; host: string; port: number; path: string; hostKey: string; users: Record<StoreRole, string> }
  /** `prefix` is empty or ends in `/`. The bucket keeps versions, and has object lock where `lock` says so. */
  | { kind: 's3'; endpoint: string; region: string; bucket: string; prefix: string; lock: 'compliance' | 'governance' | 'none' }

export type StoreRole = 'read' | 'write' | 'prune'

export interface RegisteredLocation extends Location {
  store: StoreSettings
  /** Days that deleted objects stay in the trash; 7 when nothing is said. */
  trashDays?: number
}

/** That the backups of an instance (uuid), or of all (`*`), stay in some countries, and need not lie on two continents. Shown to its owner. */
export interface ResidencyWaiver {
  instance: string
  /** Who decided it, and when (ISO 8601). */
  who: string
  when: string
  reason: string
  /** ISO 3166-1 alpha-2, at least two. Nothing is stored anywhere else. */
  countries: readonly string[]
}

/** The one source of names and facts of locations: what the public page, the certificates and `doctor` say comes from here. */
export interface LocationRegister {
  format: 1
  locations: readonly RegisteredLocation[]
  waivers: readonly ResidencyWaiver[]
}

export const continents = ['africa', 'asia', 'europe', 'north-america', 'oceania', 'south-america'] as const
export const enoughLocations = 3
export const enoughContinents = 2
export const enoughCountries = 2

/** Three folders of the home. They have the names and facts of real ones, so that nothing else is special about them; `doctor` says what they are. */
const embedded: LocationRegister = {
  format: 1,
  locations: [
    { name: 'eu-1', provider: 'this machine', region: 'local', country: 'DE', continent: 'europe' },
    { name: 'us-1', provider: 'this machine', region: 'local', country: 'US', continent: 'north-america' },
    { name: 'ap-1', provider: 'this machine', region: 'local', country: 'SG', continent: 'asia' },
  ].map((facts) => ({ ...(facts as Location), store: { kind: 'directory', path: `stores/${facts.name}` } })),
  waivers: [],
}

const fileOf = (home: Home): string => join(home.dir, 'locations.json')

/** Where a directory store of this home lies. */
export const directoryOf = (home: Home, store: { path: string }): string => resolve(home.dir, store.path)

/** The locations as another home, or another machine, can name them. */
export const absoluteLocations = (home: Home, locations: readonly RegisteredLocation[]): RegisteredLocation[] =>
  locations.map((one) => (one.store.kind === 'directory' ? { ...one, store: { ...one.store, path: directoryOf(home, one.store) } } : one))

/** The register of a home, made the first time. One that was there and is gone is not made again: backups would silently go elsewhere. */
export function readRegister(home: Home): LocationRegister {
  const path = fileOf(home)
  if (!existsSync(path)) {
    if (home.facts().locations) throw new OpsError('damaged_home', `The register of locations ${path} is missing: restore it.`)
    return writeRegister(home, embedded)
  }
  return parseRegister(readFileSync(path, 'utf8'), path)
}

/** Replaces the register, and makes folders for the directory stores that it names for the first time. */
export function writeRegister(home: Home, register: LocationRegister): LocationRegister {
  demandRegister(register)
  const known = existsSync(fileOf(home)) ? readRegister(home).locations.map(({ name }) => name) : []
  for (const { name, store } of register.locations)
    if (store.kind === 'directory' && !known.includes(name)) createDirectoryStore(directoryOf(home, store))
  writeDurably(fileOf(home), `${JSON.stringify(register, null, 2)}\n`, { mode: 0o600 })
  home.note({ locations: true })
  return register
}

/** Reads a register from text; OpsError `damaged_home` when it is none, `refused` when backups could not be safe in it. */
export function parseRegister(text: string, origin: string): LocationRegister {
  let register: LocationRegister
  try {
    register = JSON.parse(text) as LocationRegister
    if (register.format !== 1 || !Array.isArray(register.locations)) throw new Error('its format is not 1')
  } catch (error) {
    throw new OpsError('damaged_home', `${origin} is no register of locations: ${(error as Error).message}`, { cause: error })
  }
  demandRegister({ ...register, waivers: register.waivers ?? [] })
  return { ...register, waivers: register.waivers ?? [] }
}

/** Adds or replaces the waiver of an instance, or of all; refused where too few locations lie in its countries. */
export function recordWaiver(home: Home, waiver: ResidencyWaiver): LocationRegister {
  const register = readRegister(home)
  return writeRegister(home, { ...register, waivers: [...register.waivers.filter(({ instance }) => instance !== waiver.instance), waiver] })
}

/** Ends a waiver: from the next set on, the instance is stored everywhere. */
export function endWaiver(home: Home, instance: string): LocationRegister {
  const register = readRegister(home)
  return writeRegister(home, { ...register, waivers: register.waivers.filter((one) => one.instance !== instance) })
}

/** The waiver that holds for an instance: its own, else that of all. */
export const waiverOf = (waivers: readonly ResidencyWaiver[], instance: string): ResidencyWaiver | undefined =>
  waivers.find((one) => one.instance === instance) ?? waivers.find((one) => one.instance === '*')

/** Where the sets of an instance are stored: everywhere, or in the countries of its waiver alone. */
export function locationsFor(register: LocationRegister, instance: string): readonly RegisteredLocation[] {
  const waiver = waiverOf(register.waivers, instance)
  return waiver ? register.locations.filter(({ country }) => waiver.countries.includes(country)) : register.locations
}

/** OpsError `refused`, naming all that is wrong, unless three copies of every set can lie on two continents, or where a waiver says. */
export function demandRegister(register: LocationRegister): void {
  const problems = [
    ...register.locations.flatMap(problemsOf),
    ...twice(register.locations),
    ...register.waivers.flatMap((one) => waiverProblems(register, one)),
  ]
  const { locations } = register
  const hasGeneralWaiver = register.waivers.some(({ instance }) => instance === '*')
  if (locations.length < enoughLocations) problems.push(`${locations.length} locations are too few: a backup needs ${enoughLocations}`)
  if (!hasGeneralWaiver && distinct(locations.map(({ continent }) => continent)) < enoughContinents)
    problems.push(`all locations are on one continent: a backup needs ${enoughContinents}, or a recorded residency waiver`)
  if (problems.length) throw new OpsError('refused', `The register of locations is refused: ${problems.join('; ')}.`)
}

/** OpsError `refused` unless each is a location that could be opened; whether they are enough is not asked. */
export function demandLocations(locations: readonly RegisteredLocation[]): void {
  const problems = Array.isArray(locations) ? [...locations.flatMap(problemsOf), ...twice(locations)] : ['they are no list']
  if (!locations.length) problems.push('there is none')
  if (problems.length) throw new OpsError('refused', `The locations are refused: ${problems.join('; ')}.`)
}

function problemsOf({ name, provider, region, country, continent, store, trashDays }: RegisteredLocation): string[] {
  const problem = (what: string): string => `${JSON.stringify(name)} ${what}`
  return [
    ...(typeof name === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(name) ? [] : [problem('is no name: small letters, digits and hyphens')]),
    ...(provider && region ? [] : [problem('needs a provider and a region')]),
    ...(/^[A-Z]{2}$/.test(country) ? [] : [problem('needs a country, two capital letters')]),
    ...(continents.includes(continent) ? [] : [problem(`needs a continent, one of ${continents.join(', ')}`)]),
    ...(trashDays === undefined || (Number.isInteger(trashDays) && trashDays >= 1) ? [] : [problem('needs whole trashDays, at least 1')]),
    ...storeProblems(store).map(problem),
  ]
}

function storeProblems(store: StoreSettings): string[] {
  switch (store?.kind) {
    case 'directory':
      return store.path ? [] : ['needs the path of its directory']
    case 'sftp':
      return [
        ...(store.host && Number.isInteger(store.port) && store.path ? [] : ['needs host, port and path of its SFTP server']),
        ...(/^SHA256:[A-Za-z0-9+/]{43}$/.test(store.hostKey) ? [] : ['needs the hostKey of its SFTP server, SHA256:…']),
        ...(store.users?.read && store.users.write && store.users.prune ? [] : ['needs users to read, write and prune']),
      ]
    case 's3':
      return [
        ...(/^https?:\/\/[^/]+\/?$/.test(store.endpoint) && store.region && store.bucket ? [] : ['needs endpoint, region and bucket']),
        ...(/^([A-Za-z0-9_-]+\/)*$/.test(store.prefix) ? [] : ['needs a prefix that is empty or ends in /']),
        ...(['compliance', 'governance', 'none'].includes(store.lock) ? [] : ['needs lock: compliance, governance or none']),
      ]
    default:
      return ['needs a store: directory, sftp or s3']
  }
}

function waiverProblems({ locations }: LocationRegister, { instance, who, when, reason, countries }: ResidencyWaiver): string[] {
  const problem = (what: string): string => `the waiver of ${instance} ${what}`
  const inside = locations.filter(({ country }) => countries.includes(country))
  return [
    ...(instance === '*' || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(instance) ? [] : [problem('names no instance')]),
    ...(who && reason && !Number.isNaN(Date.parse(when)) ? [] : [problem('does not say who decided it, when and why')]),
    ...(distinct(countries) >= enoughCountries ? [] : [problem(`needs ${enoughCountries} countries`)]),
    ...(inside.length >= enoughLocations && distinct(inside.map(({ country }) => country)) >= enoughCountries
      ? []
      : [problem(`needs ${enoughLocations} locations in ${enoughCountries} of its countries; there are ${inside.length}`)]),
  ]
}

function twice(locations: readonly RegisteredLocation[]): string[] {
  const seen = (what: readonly string[]): string[] => what.filter((one, index) => what.indexOf(one) !== index)
  return [
    ...seen(locations.map(({ name }) => name)).map((name) => `${name} is there twice`),
    ...seen(locations.map(({ store }) => JSON.stringify(store))).map((store) => `two locations have one store: ${store}`),
  ]
}

export const distinct = (values: readonly string[]): number => new Set(values).size

/** Whether a directory store was put into the home, as on the embedded default. */
export const isInHome = (store: StoreSettings): boolean => store.kind === 'directory' && !isAbsolute(store.path)
