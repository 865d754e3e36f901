import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { openOrCreateHome } from '../home.ts'
import { HostKeys } from '../keys.ts'
import { evidenceFolder, headFile, record } from './chain.ts'
import { checks, type Check } from './checks.ts'
import { claimsState, type DueSubject } from './claims.ts'
import { listEvidence, verifyEvidence, type ChainFault, type SignedRecord } from './reading.ts'
import { openRecord, type EvidenceRecord, type Result } from './record.ts'

const folders: string[] = []
after(() => folders.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

function newHost() {
  const dir = mkdtempSync(join(tmpdir(), 'erp4-evidence-'))
  folders.push(dir)
  chmodSync(dir, 0o711)
  const { home } = openOrCreateHome(dir)
  return { home, keys: HostKeys.open(home) }
}
type TestHost = ReturnType<typeof newHost>

const started = new Date('2026-01-30T10:00:00Z')
const write = (host: TestHost, id = 'eu-1', now = started) =>
  record(host, { check: 'retention.prune', subject: { type: 'location', id }, started, result: 'pass' }, now)

/** Five records, three in January and two in February. */
function chainOfFive(): TestHost & { january: string; february: string } {
  const host = newHost()
  for (const day of ['2026-01-30', '2026-01-30', '2026-01-31', '2026-02-01', '2026-02-02'])
    write(host, 'eu-1', new Date(`${day}T12:00:00Z`))
  const folder = evidenceFolder(host.home)
  return { ...host, january: join(folder, '2026-01.jsonl'), february: join(folder, '2026-02.jsonl') }
}

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)
const writeLines = (path: string, lines: readonly string[]): void => writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
const named = (faults: readonly ChainFault[]) => faults.map(({ file, line, what, says }) => ({ file, line, what, says }))

test('records form a chain over the months, and nothing is wrong with it', () => {
  const host = chainOfFive()
  assert.deepEqual(verifyEvidence(host.home), { records: 5, last: 5, faults: [] })
  assert.equal(linesOf(host.january).length, 3)
  const records = listEvidence(host.home)
  assert.deepEqual(
    records.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  )
  const [first] = records
  assert.equal(first!.prev, 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.deepEqual([first!.check, first!.check_version, first!.claims, first!.valid_for_s], ['retention.prune', 1, ['C01'], 93_600])
  assert.equal(first!.host, host.home.facts().host)
  assert.equal(statSync(host.january).mode & 0o777, 0o600)
})

test('a line is one object of payload, key and signature, over the literal bytes of the payload', () => {
  const host = newHost()
  const { line, record: made } = write(host)
  const { payload, keyid, sig, ...rest } = JSON.parse(line) as Record<string, string>
  assert.deepEqual(rest, {})
  assert.deepEqual(JSON.parse(Buffer.from(payload!, 'base64').toString()), made)
  assert.equal(host.keys.signer('host').sign(Buffer.from(payload!, 'base64')).toString('base64'), sig)
  assert.equal(keyid, host.keys.signer('host').keyId)
  assert.equal(linesOf(join(evidenceFolder(host.home), '2026-01.jsonl'))[0], line)
})

test('records of a clock that was set back are appended at the end all the same', () => {
  const host = chainOfFive()
  write(host, 'us-1', new Date('2025-06-01T00:00:00Z'))
  assert.equal(existsSync(join(evidenceFolder(host.home), '2025-06.jsonl')), false)
  assert.deepEqual(verifyEvidence(host.home), { records: 6, last: 6, faults: [] })
})

test('what is no check in the list is not recorded', () => {
  const host = newHost()
  assert.throws(() => record(host, { check: 'made.up', subject: { type: 'host', id: 'x' }, started, result: 'pass' }), {
    code: 'not_found',
  })
  assert.deepEqual(verifyEvidence(host.home), { records: 0, last: 0, faults: [] })
})

test('four processes record at once, and their records form one chain', async () => {
  const host = newHost()
  const program = join(import.meta.dirname, '..', 'fixtures', 'record.ts')
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => promisify(execFile)(process.execPath, [program, host.home.dir, name, '12'])))
  assert.deepEqual(verifyEvidence(host.home), { records: 48, last: 48, faults: [] })
  const by = (name: string) => listEvidence(host.home, { subject: name }).length
  assert.deepEqual(['a', 'b', 'c', 'd'].map(by), [12, 12, 12, 12])
})

/** Signs with a key of its own, under any name. */
function forge(line: string, keyid: string, change: (record: EvidenceRecord) => object): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const made = Buffer.from(
    JSON.stringify(
      change(JSON.parse(Buffer.from((JSON.parse(line) as { payload: string }).payload, 'base64').toString()) as EvidenceRecord),
    ),
  )
  return JSON.stringify({ payload: made.toString('base64'), keyid, sig: sign(null, made, privateKey).toString('base64') })
}

const tamper = (line: string, change: (record: EvidenceRecord) => object): string => {
  const outer = JSON.parse(line) as { payload: string }
  const payload = JSON.parse(Buffer.from(outer.payload, 'base64').toString()) as EvidenceRecord
  return JSON.stringify({ ...outer, payload: Buffer.from(JSON.stringify(change(payload))).toString('base64') })
}

for (const [attack, harm, expected] of [
  [
    'an altered line',
    ({ january }) =>
      writeLines(
        january,
        linesOf(january).map((line, index) => (index === 1 ? tamper(line, (one) => ({ ...one, result: 'fail' })) : line)),
      ),
    [{ file: '2026-01.jsonl', line: 2, what: 'tampered' }],
  ],
  [
    'an altered last line',
    ({ february }) =>
      writeLines(
        february,
        linesOf(february).map((line, index) => (index === 1 ? tamper(line, (one) => ({ ...one, reason: 'x' })) : line)),
      ),
    [{ file: '2026-02.jsonl', line: 2, what: 'tampered' }],
  ],
  [
    'a signature in another spelling of base64',
    ({ january }) =>
      writeLines(
        january,
        linesOf(january).map((line, index) => (index === 0 ? line.replace(/"payload":"(.{40})/, '"payload":"$1\\n') : line)),
      ),
    [{ file: '2026-01.jsonl', line: 1, what: 'tampered' }],
  ],
  [
    'a removed line',
    ({ january }) => writeLines(january, linesOf(january).toSpliced(1, 1)),
    [{ file: '2026-01.jsonl', line: 2, what: 'removed', says: 'Record 2 is missing.' }],
  ],
  [
    'a removed first line',
    ({ january }) => writeLines(january, linesOf(january).slice(1)),
    [{ file: '2026-01.jsonl', line: 1, what: 'removed', says: 'Record 1 is missing.' }],
  ],
  [
    'removed last lines',
    ({ february }) => writeLines(february, linesOf(february).slice(0, 1)),
    [{ file: 'head.json', line: undefined, what: 'removed', says: 'Record 5 is missing at the end.' }],
  ],
  [
    'a removed file',
    ({ january }) => rmSync(january),
    [{ file: '2026-02.jsonl', line: 1, what: 'removed', says: 'Records 1 to 3 are missing.' }],
  ],
  [
    'the removal of everything but the head',
    ({ january, february }) => [january, february].forEach((path) => rmSync(path)),
    [{ file: 'head.json', line: undefined, what: 'removed', says: 'Records 1 to 5 are missing at the end.' }],
  ],
  [
    "two lines in each other's place",
    ({ january }) =>
      writeLines(
        january,
        [1, 0, 2].map((index) => linesOf(january)[index]!),
      ),
    [{ file: '2026-01.jsonl', line: 2, what: 'reordered', says: 'Record 1 comes after record 2.' }],
  ],
  [
    'a line that is there twice',
    ({ january }) => writeLines(january, [...linesOf(january), linesOf(january)[2]!]),
    [{ file: '2026-01.jsonl', line: 4, what: 'repeated' }],
  ],
  [
    'a record under a key of nobody',
    ({ january }) =>
      writeLines(
        january,
        linesOf(january).map((line, index) => (index === 1 ? forge(line, 'host-00000000', (one) => one) : line)),
      ),
    [{ file: '2026-01.jsonl', line: 2, what: 'foreign_key' }],
  ],
  [
    'a record under a stolen name of a key',
    ({ january }) =>
      writeLines(
        january,
        linesOf(january).map((line, index) =>
          index === 1 ? forge(line, (JSON.parse(line) as { keyid: string }).keyid, (one) => one) : line,
        ),
      ),
    [{ file: '2026-01.jsonl', line: 2, what: 'tampered' }],
  ],
  [
    'a key whose name is a path',
    ({ january }) =>
      writeLines(
        january,
        linesOf(january).map((line, index) => (index === 1 ? forge(line, '../trusted/host-00000000', (one) => one) : line)),
      ),
    [{ file: '2026-01.jsonl', line: 2, what: 'foreign_key' }],
  ],
  [
    'words between the records',
    ({ january }) => writeLines(january, linesOf(january).toSpliced(1, 0, 'all is well')),
    [{ file: '2026-01.jsonl', line: 2, what: 'no_record' }],
  ],
  [
    'an emptied file',
    ({ january }) => truncateSync(january),
    [
      { file: '2026-01.jsonl', line: undefined, what: 'empty' },
      { file: '2026-02.jsonl', line: 1, what: 'removed' },
    ],
  ],
  [
    'a file of length zero for a month to come',
    ({ home }) => writeFileSync(join(evidenceFolder(home), '2026-03.jsonl'), ''),
    [{ file: '2026-03.jsonl', line: undefined, what: 'empty' }],
  ],
  [
    'a file under another name',
    ({ january }) => renameSync(january, `${january}.old`),
    [
      { file: '2026-01.jsonl.old', line: undefined, what: 'stray' },
      { file: '2026-02.jsonl', line: 1, what: 'removed' },
    ],
  ],
  [
    'half a line at the end',
    ({ february }) => appendFileSync(february, '{"payload":"ey'),
    [{ file: '2026-02.jsonl', line: 3, what: 'torn' }],
  ],
  ['a head that is gone', ({ home }) => rmSync(headFile(home)), [{ file: 'head.json', line: undefined, what: 'head' }]],
  [
    'an altered head',
    ({ home }) => writeFileSync(headFile(home), readFileSync(headFile(home), 'utf8').replace('"payload":"', '"payload":"e30')),
    [{ file: 'head.json', line: undefined, what: 'tampered' }],
  ],
] as [string, (host: ReturnType<typeof chainOfFive>) => void, Partial<ChainFault>[]][]) {
  test(`${attack} is found and named with its place`, () => {
    const host = chainOfFive()
    harm(host)
    const found = named(verifyEvidence(host.home).faults)
    assert.deepEqual(
      found.map((fault, index) => ({ ...fault, ...(expected[index]?.says ? {} : { says: undefined }) })),
      expected.map((fault) => ({ line: undefined, says: undefined, ...fault })),
    )
  })
}

test('records of another host do not pass for ours', () => {
  const [host, other] = [chainOfFive(), chainOfFive()]
  writeLines(host.january, linesOf(other.january))
  assert.deepEqual(new Set(verifyEvidence(host.home).faults.map(({ what }) => what)), new Set(['foreign_key']))
})

test('records removed with their head are found by a head that was kept elsewhere', () => {
  const host = chainOfFive()
  const kept = readFileSync(headFile(host.home), 'utf8')
  writeLines(host.february, linesOf(host.february).slice(0, 1))
  rmSync(headFile(host.home))
  write(host, 'us-1', new Date('2026-02-03T00:00:00Z'))
  assert.deepEqual(verifyEvidence(host.home).faults, [])
  assert.deepEqual(
    verifyEvidence(host.home, [kept]).faults.map(({ what, says }) => [what, says]),
    [['head', 'Record 5 is another one than the head was signed for.']],
  )
})

for (const [what, harm] of [
  ['removed', (path: string) => writeLines(path, linesOf(path).slice(0, 1))],
  ['removed', (path: string) => truncateSync(path)],
  [
    'tampered',
    (path: string) =>
      writeLines(
        path,
        linesOf(path).map((line, index) => (index === 1 ? tamper(line, (one) => ({ ...one, reason: 'x' })) : line)),
      ),
  ],
] as const) {
  test(`writing on after the last record was ${what} does not hide it`, () => {
    const host = chainOfFive()
    harm(host.february)
    const before = verifyEvidence(host.home).faults
    assert.ok(before.some((fault) => fault.what === what))
    for (let more = 0; more < 3; more++) write(host, 'us-1', new Date('2026-02-03T00:00:00Z'))
    const { faults, last } = verifyEvidence(host.home)
    assert.ok(
      faults.some((fault) => fault.what === what),
      JSON.stringify(faults),
    )
    assert.equal(last, 8)
  })
}

test('half a line of a writer that was killed is cut off by the next one, however long, and nothing is missing', () => {
  const host = chainOfFive()
  for (const [index, half] of ['{"payload":"ey', `{"payload":"${'ey'.repeat(100_000)}`].entries()) {
    appendFileSync(host.february, half)
    write(host, 'us-1', new Date('2026-02-03T00:00:00Z'))
    assert.deepEqual(verifyEvidence(host.home), { records: 6 + index, last: 6 + index, faults: [] })
  }
})

test('a writer that was killed before it wrote the head leaves a chain that goes on', () => {
  const host = newHost()
  write(host)
  const old = readFileSync(headFile(host.home))
  write(host)
  writeFileSync(headFile(host.home), old)
  assert.deepEqual(verifyEvidence(host.home).faults, [])
  write(host)
  assert.deepEqual(verifyEvidence(host.home), { records: 3, last: 3, faults: [] })
})

test("a certificate is signed with the verifier's key, and one signed by the host is refused", () => {
  const host = newHost()
  const trusted = (id: string) => host.keys.trustedKey(id)
  const subject = { type: 'instance', id: 'a' } as const
  const { line } = record(host, { check: 'backup.restore_test', subject, started, result: 'pass' })
  assert.equal(openRecord(`${line}\n`, 'verifier', trusted).check, 'backup.restore_test')
  assert.throws(() => openRecord(line, 'host', trusted), { code: 'set_damaged' })
  assert.throws(() => openRecord(write(host).line, 'verifier', trusted), { code: 'set_damaged' })
  assert.throws(
    () =>
      openRecord(
        tamper(line, (one) => ({ ...one, subject: { type: 'instance', id: 'b' } })),
        'verifier',
        trusted,
      ),
    { code: 'set_damaged' },
  )
  assert.throws(() => openRecord('', 'verifier', trusted), { code: 'set_damaged' })
})

const now = new Date('2026-03-01T12:00:00Z')
const hoursAgo = (hours: number): string => new Date(now.getTime() - hours * 3_600_000).toISOString()
const proof: Check = { ...checks.find(({ check }) => check === 'backup.restore_test')!, claims: ['C02'] }
let seq = 0
const said = (id: string, result: Result, hours: number, change: Partial<SignedRecord> = {}): SignedRecord => ({
  v: 1,
  id: '',
  seq: ++seq,
  prev: '',
  check: proof.check,
  check_version: proof.version,
  claims: proof.claims,
  subject: { type: 'instance', id },
  scope: 'self-run',
  commit: '',
  host: '',
  started: hoursAgo(hours),
  finished: hoursAgo(hours),
  result,
  reason: result === 'pass' ? '' : `it was a ${result}`,
  measures: [],
  evidence: [],
  valid_for_s: 93_600,
  public: 'none',
  keyid: 'verifier-12345678',
  ...change,
})
const ann: DueSubject = { type: 'instance', id: 'ann', since: new Date('2026-01-01') }
const bob: DueSubject = { type: 'instance', id: 'bob', since: new Date('2026-01-01') }
const stateOfClaim = (records: SignedRecord[], subjects: DueSubject[] = [ann, bob]) => claimsState(records, subjects, now, [proof])[0]!

for (const [what, records, state, open] of [
  ['everything passed lately', [said('ann', 'pass', 1), said('bob', 'pass', 25)], 'shown', []],
  ['one was never checked', [said('ann', 'pass', 1)], 'not_shown', ['missing']],
  ['one passed too long ago', [said('ann', 'pass', 1), said('bob', 'pass', 27)], 'not_shown', ['stale']],
  ['one failed', [said('ann', 'pass', 1), said('bob', 'fail', 1)], 'failed', ['fail']],
  ['one failed after it had passed', [said('ann', 'pass', 1), said('bob', 'pass', 3), said('bob', 'fail', 1)], 'failed', ['fail']],
  ['one failed long ago and nobody looked since', [said('ann', 'pass', 1), said('bob', 'fail', 900)], 'failed', ['fail']],
  ['one failed and passed since', [said('ann', 'pass', 1), said('bob', 'fail', 3), said('bob', 'pass', 1)], 'shown', []],
  [
    'one calls a figure beyond its limit a pass',
    [
      said('ann', 'pass', 1),
      said('bob', 'pass', 1, { measures: [{ name: 'restore_seconds', value: 28_801, unit: 's', limit: 28_800, op: '<=' }] }),
    ],
    'failed',
    ['fail'],
  ],
  ['one could not be checked', [said('ann', 'pass', 1), said('bob', 'error', 1)], 'not_shown', ['error']],
  ['one was skipped', [said('ann', 'pass', 1), said('bob', 'skipped', 1)], 'not_shown', ['skipped']],
  [
    'one could not be checked after a pass that is fresh',
    [said('ann', 'pass', 1), said('bob', 'pass', 3), said('bob', 'error', 1)],
    'shown',
    [],
  ],
  [
    'one was skipped after its pass had become stale',
    [said('ann', 'pass', 1), said('bob', 'pass', 30), said('bob', 'skipped', 1)],
    'not_shown',
    ['skipped'],
  ],
  ['one pass is of an older check', [said('ann', 'pass', 1), said('bob', 'pass', 1, { check_version: 0 })], 'not_shown', ['missing']],
  [
    "one pass is signed with the host's key",
    [said('ann', 'pass', 1), said('bob', 'pass', 1, { keyid: 'host-12345678' })],
    'not_shown',
    ['missing'],
  ],
  ['one pass is still to come', [said('ann', 'pass', 1), said('bob', 'pass', -5)], 'not_shown', ['missing']],
  [
    'one pass says that it holds for a year',
    [said('ann', 'pass', 1), said('bob', 'pass', 27, { valid_for_s: 31_536_000 })],
    'not_shown',
    ['stale'],
  ],
  [
    'one pass says that it holds for an hour',
    [said('ann', 'pass', 1), said('bob', 'pass', 2, { valid_for_s: 3_600 })],
    'not_shown',
    ['stale'],
  ],
  ['one pass was made in a test', [said('ann', 'pass', 1), said('bob', 'pass', 1, { scope: 'ci' })], 'not_shown', ['missing']],
] as [string, SignedRecord[], string, string[]][]) {
  test(`where ${what}, the claim is ${state}`, () => {
    const found = stateOfClaim(records)
    assert.equal(found.state, state)
    assert.deepEqual(
      found.open.map((one) => one.state),
      open,
    )
  })
}

test('where there is nothing to check, nothing is shown', () => assert.equal(stateOfClaim([], []).state, 'not_shown'))

test('an instance that was made an hour ago turns nothing red, and alone proves nothing', () => {
  const young: DueSubject = { type: 'instance', id: 'cleo', since: new Date(hoursAgo(1)) }
  assert.equal(stateOfClaim([said('ann', 'pass', 1)], [ann, young]).state, 'shown')
  assert.equal(stateOfClaim([], [young]).state, 'not_shown')
})

test('every check can be seen red: a failure of it fails each claim that it takes part in', () => {
  const subjects: DueSubject[] = (['instance', 'location', 'host', 'fleet'] as const).map((type) => ({
    type,
    id: 'x',
    since: new Date('2026-01-01'),
  }))
  const passing = checks.map((check) =>
    said('x', 'pass', 1, {
      check: check.check,
      check_version: check.version,
      subject: { type: check.subjects, id: 'x' },
      keyid: `${check.signer}-12345678`,
    }),
  )
  assert.deepEqual(new Set(claimsState(passing, subjects, now).map(({ state }) => state)), new Set(['shown']))
  for (const [index, check] of checks.entries()) {
    const records = passing.with(index, { ...passing[index]!, result: 'fail' })
    const failed = claimsState(records, subjects, now).filter(({ state }) => state === 'failed')
    assert.deepEqual(
      failed.map(({ claim }) => claim),
      [...check.claims].sort(),
    )
  }
})
