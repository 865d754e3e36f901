import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { openOrCreateHome, type Home } from '../home.ts'
import { HostKeys } from '../keys.ts'
import { openStores } from '../stores/open.ts'
import { headFile, record } from './chain.ts'
import { verifyEvidence } from './reading.ts'
import { evidenceHeads } from './testify.ts'

let folder: string
let home: Home
let keys: HostKeys
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-heads-'))
  chmodSync(folder, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  home = openOrCreateHome(join(folder, 'home')).home
  keys = HostKeys.open(home)
})
after(() => rmSync(folder, { recursive: true }))

async function put(location: string, number: number, content: string | Buffer): Promise<void> {
  const store = (await openStores(home, 'write')).find((one) => one.location.name === location)!
  const bytes = Buffer.from(content as string)
  await store.putIfAbsent(`evidence/${home.id}/${String(number).padStart(12, '0')}.json`, () => Readable.from([bytes]), {
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })
}

/** One more record; gives the head after it. */
function head(): string {
  record({ home, keys }, { check: 'retention.prune', subject: { type: 'location', id: 'eu-1' }, started: new Date(), result: 'pass' })
  return readFileSync(headFile(home), 'utf8')
}

test('junk under a greater name, however much and whatever it is, does not hide the newest head that this host has signed', async () => {
  const first = head()
  const second = head()
  const stranger = HostKeys.open(openOrCreateHome(join(folder, 'stranger')).home)
  for (const location of ['eu-1', 'us-1']) {
    await put(location, 1, first)
    await put(location, 2, second)
  }
  await put('eu-1', 999_999_999_999, 'junk')
  await put('eu-1', 999_999_999_998, Buffer.alloc(20 * 2 ** 20, ' '))
  // Good in itself, and older than its name says.
  await put('eu-1', 999_999_999_997, first)
  await put('eu-1', 999_999_999_996, JSON.stringify({ payload: '', keyid: stranger.signer('host').keyId, sig: '' }))
  const { heads, unreachable } = await evidenceHeads(home)
  assert.deepEqual([heads, unreachable], [[second.trimEnd(), second.trimEnd()], []])
  assert.deepEqual(verifyEvidence(home, heads).faults, [])
})

test('where nothing but junk lies it is told, and does not pass for no head at all', async () => {
  await put('ap-1', 7, 'junk')
  const { heads } = await evidenceHeads(home)
  assert.equal(heads.length, 3)
  assert.ok(verifyEvidence(home, heads).faults.some(({ file, what }) => file === 'head 3 kept elsewhere' && what === 'no_record'))
})
