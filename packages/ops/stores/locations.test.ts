import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openOrCreateHome, type Home } from '../home.ts'
import {
  endWaiver,
  locationsFor,
  readRegister,
  recordWaiver,
  writeRegister,
  type LocationRegister,
  type RegisteredLocation,
  type ResidencyWaiver,
} from './locations.ts'
import { openStores } from './open.ts'
import { placement, type Copy } from './placement.ts'

const azure = '2c36a39a-00bc-48e7-af61-7485c9e0336a'
const bakery = '2c36a39a-00bc-48e7-af61-7485c9e0336b'
const refused = { name: 'OpsError', code: 'refused' }

let folder: string
let home: Home
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-locations-'))
  chmodSync(folder, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  home = openOrCreateHome(join(folder, 'home')).home
})
after(() => rmSync(folder, { recursive: true }))

const place = (name: string, country: string, continent: RegisteredLocation['continent']): RegisteredLocation => ({
  name,
  provider: 'somebody',
  region: name,
  country,
  continent,
  store: { kind: 'directory', path: join(folder, 'stores', name) },
})
const [germany, france, finland] = [place('de-1', 'DE', 'europe'), place('fr-1', 'FR', 'europe'), place('fi-1', 'FI', 'europe')]
const korea = place('kr-1', 'KR', 'asia')
const europe: LocationRegister = { format: 1, locations: [germany, france, finland], waivers: [] }
const waiver: ResidencyWaiver = {
  instance: azure,
  who: 'Ann of Azure',
  when: '2026-01-31T12:00:00Z',
  reason: 'the books stay in the EU',
  countries: ['DE', 'FR', 'FI'],
}

test('a new home has three locations on three continents, each a folder that can be written to', async () => {
  const register = readRegister(home)
  assert.deepEqual(
    register.locations.map(({ name, continent }) => [name, continent]),
    [
      ['eu-1', 'europe'],
      ['us-1', 'north-america'],
      ['ap-1', 'asia'],
    ],
  )
  const stores = await openStores(home, 'write')
  for (const store of stores) assert.ok(existsSync(join(home.dir, 'stores', store.location.name, 'objects')))
  for (const store of stores) assert.deepEqual(await store.list(''), { objects: [] })
  assert.deepEqual(readRegister(home), register)
})

test('a register that got lost is not made anew', () => {
  rmSync(join(home.dir, 'locations.json'))
  assert.throws(() => readRegister(home), { code: 'damaged_home' })
  assert.ok(!existsSync(join(home.dir, 'locations.json')))
  home.note({ locations: false })
  assert.equal(readRegister(home).locations.length, 3)
})

for (const [what, register] of [
  ['two locations', { ...europe, locations: [germany, korea] }],
  ['one continent', europe],
  ['one name twice', { ...europe, locations: [germany, korea, { ...france, name: 'de-1' }] }],
  ['one store twice', { ...europe, locations: [germany, korea, { ...france, store: germany.store }] }],
  ['an unknown continent', { ...europe, locations: [germany, korea, { ...france, continent: 'atlantis' as 'asia' }] }],
  ['a name that leads elsewhere', { ...europe, locations: [germany, korea, { ...france, name: '../x' }] }],
  ['an unknown store', { ...europe, locations: [germany, korea, { ...france, store: { kind: 'ftp' } as never }] }],
  ['a waiver of one country', { ...europe, waivers: [{ ...waiver, instance: '*', countries: ['DE'] }] }],
  ['a waiver of too few locations', { ...europe, waivers: [{ ...waiver, instance: '*', countries: ['DE', 'FR'] }] }],
  ['a waiver that nobody decided', { ...europe, waivers: [{ ...waiver, instance: '*', who: '' }] }],
  ["one instance's waiver for all", { ...europe, waivers: [waiver] }],
] as const) {
  test(`a register of ${what} is refused, and the old one stays`, () => {
    const before = readRegister(home)
    assert.throws(() => writeRegister(home, register), refused)
    assert.deepEqual(readRegister(home), before)
  })
}

test('three locations on one continent are taken with a waiver for all', () => {
  const register = { ...europe, waivers: [{ ...waiver, instance: '*' }] }
  const before = readRegister(home)
  assert.deepEqual(writeRegister(home, register), register)
  writeRegister(home, before)
})

test("an instance's waiver keeps its sets in the countries it names, and those of others go everywhere", () => {
  const before = readRegister(home)
  writeRegister(home, { ...europe, locations: [...europe.locations, korea] })
  const register = recordWaiver(home, waiver)
  assert.deepEqual(
    locationsFor(register, azure).map(({ name }) => name),
    ['de-1', 'fr-1', 'fi-1'],
  )
  assert.equal(locationsFor(register, bakery).length, 4)
  assert.equal(locationsFor(endWaiver(home, azure), azure).length, 4)
  writeRegister(home, before)
})

const all = [germany, france, finland, korea]
const verified = (...names: string[]): Copy[] => names.map((location) => ({ location, state: 'verified' }))
for (const [what, copies, waivers, state] of [
  ['three copies on two continents', verified('de-1', 'fr-1', 'kr-1'), [], 'counts'],
  ['three copies on one continent', verified('de-1', 'fr-1', 'fi-1'), [], 'degraded'],
  [
    'three copies on one continent, with the waiver of another instance',
    verified('de-1', 'fr-1', 'fi-1'),
    [{ ...waiver, instance: bakery }],
    'degraded',
  ],
  ['three copies on one continent, with a waiver', verified('de-1', 'fr-1', 'fi-1'), [waiver], 'counts'],
  ['a copy outside of the waiver in the place of one inside', verified('de-1', 'fr-1', 'kr-1'), [waiver], 'degraded'],
  ['two copies', verified('de-1', 'kr-1'), [], 'degraded'],
  ['two copies and one that was not read back', [...verified('de-1', 'kr-1'), { location: 'fr-1', state: 'stored' }], [], 'degraded'],
  ['two copies and a damaged one', [...verified('de-1', 'kr-1'), { location: 'fr-1', state: 'damaged' }], [], 'degraded'],
  ['one copy that was told three times', verified('de-1', 'de-1', 'de-1'), [], 'degraded'],
  ['copies at places that nobody knows', verified('x-1', 'x-2', 'x-3'), [], 'missing'],
  ['copies that nobody has read back', [{ location: 'de-1', state: 'stored' }], [], 'missing'],
  ['no copy', [], [], 'missing'],
] as const) {
  test(`${what}: ${state}`, () => {
    const found = placement(copies as Copy[], all, waivers, azure)
    assert.equal(found.state, state)
    assert.equal(found.reasons.length === 0, state === 'counts')
  })
}
