import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kitTrusts, parseKit, type RecoveryKit } from './kit.ts'

const location = { name: 'eu-1', provider: 'p', region: 'r', country: 'DE', continent: 'europe', store: { kind: 'directory', path: '/x' } }
const kit = {
  v: 1,
  made: '2026-01-31T10:00:00.000Z',
  host: 'h',
  root: { id: 'r', shares: [] },
  locations: [location],
  credentials: {},
  trusted: {},
  release: '1',
}

test('a kit comes out as it went in', () => void assert.deepEqual(parseKit(JSON.stringify(kit)), kit))

test('the sheet that goes with each share, which has no root key, is a kit, too', () => {
  const { root: _root, ...rest } = kit
  assert.deepEqual(parseKit(JSON.stringify(rest)), rest)
})

for (const [what, text] of [
  ['nothing', ''],
  ['half of one', JSON.stringify(kit).slice(0, 90)],
  ['null', 'null'],
  ['a list', '[]'],
  ...Object.entries({
    'another version': { v: 2 },
    'no locations': { locations: [] },
    'locations that are text': { locations: 'eu-1' },
    'a location that is null': { locations: [null] },
    'a location without a store': { locations: [{ ...location, store: undefined }] },
    'a location whose name is a path': { locations: [{ ...location, name: '../eu-1' }] },
    'a location twice': { locations: [location, location] },
    'a store of an unknown kind': { locations: [{ ...location, store: { kind: 'ftp', path: '/x' } }] },
    'nobody to trust, null': { trusted: null },
    'no credentials': { credentials: undefined },
  }).map(([name, change]) => [name, JSON.stringify({ ...kit, ...change })]),
] as [string, string][])
  test(`a kit of ${what} is refused in a sentence`, () =>
    void assert.throws(() => parseKit(text), { code: 'refused', message: /no recovery kit/ }))

test('a key of a kit that is none, or has another id, is trusted by nobody', () => {
  for (const trusted of [{ 'host-1': 'x' }, { 'host-1': null }, {}] as unknown as RecoveryKit['trusted'][])
    for (const id of ['host-1', '__proto__', 'constructor'])
      assert.equal(kitTrusts({ ...kit, trusted } as unknown as RecoveryKit, id), undefined)
})
