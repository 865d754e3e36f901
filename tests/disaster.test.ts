import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { HostKeys, listEvidence, openOrCreateHome, verifyEvidence, type Home } from '@erp4/ops'
import { long } from '@erp4/testing'

// A whole host is lost and had back, as an operator drills it: everything that happens to the instances happens over HTTP, from outside.

interface Report {
  result: string
  faults: string[]
  isPaidFirst: boolean
  overall: { instances: number; back: number; rpoSeconds: number; rtoSeconds: number }
  destroyed: { processes: number; store: string; storesLeft: string[] }
  instances: {
    name: string
    plan: string
    size: string
    setAgeSeconds: number
    rpoSeconds: number
    rtoSeconds: number
    lost: number
    acknowledged: number
  }[]
  extrapolation: { sizes: number; breaksAt: { instances: number } }
  notIncluded: string[]
}

const program = join(import.meta.dirname, '..', 'bin', 'erp4.ts')
let folder: string
let home: Home

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-drills-'))
  chmodSync(folder, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  home = openOrCreateHome(join(folder, 'home')).home
  HostKeys.open(home)
})
after(() => rmSync(folder, { recursive: true, force: true }))

function command(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    ),
  )
}

async function demandDrill(count: number): Promise<void> {
  const { code, out, err } = await command('dr', 'drill', '--home', home.dir, '--instances', String(count), '--json')
  assert.equal(code, 0, err)
  const report = JSON.parse(out) as Report
  assert.deepEqual([report.result, report.faults], ['pass', []])
  assert.deepEqual([report.overall.instances, report.overall.back], [count, count])
  assert.equal(report.isPaidFirst, true)
  assert.deepEqual(new Set(report.instances.map(({ plan }) => plan)), new Set(['paid', 'free']))
  assert.equal(report.extrapolation.sizes >= 3, true, 'three sizes at least')
  assert.ok(report.destroyed.processes > 5)
  for (const { name, rpoSeconds, setAgeSeconds, rtoSeconds, lost, acknowledged } of report.instances) {
    assert.ok(rpoSeconds <= setAgeSeconds + 12, `${name} lost ${rpoSeconds} s, its set was ${setAgeSeconds} s old`)
    assert.ok(rtoSeconds > 0 && rtoSeconds <= report.overall.rtoSeconds)
    assert.ok(lost < acknowledged, `${name} has markers of before its set`)
    assert.ok(lost > 0, `${name} lost what was written after its set: the drill has really taken it away`)
  }
  assert.ok(report.notIncluded.length > 0)
  const [record, ...others] = listEvidence(home, { check: 'dr.drill' }).toReversed()
  assert.deepEqual([record!.result, record!.scope, record!.subject], ['pass', 'drill', { type: 'fleet', id: 'all' }])
  assert.equal(record!.measures.find(({ name }) => name === 'instances_back')!.value, count)
  assert.deepEqual(verifyEvidence(home).faults, [])
  const kept = readFileSync(join(home.dir, record!.evidence[0]!.where), 'utf8')
  assert.deepEqual(JSON.parse(kept), report)
  assert.equal(readdirSync(join(home.dir, 'drills')).length, others.length + 1)
}

test('a host with three instances is destroyed and had back: paid before free, nothing lost of before their sets', () => demandDrill(3))

long('a host with twenty instances is destroyed and had back', () => demandDrill(20))

test('a recovery that cannot be is refused before anything is made', async () => {
  const kit = join(folder, 'no-kit.json')
  for (const [code, ...args] of [
    [2, kit],
    [4, kit, '--home', join(folder, 'new'), '--root-key', kit],
    [3, program, '--home', join(folder, 'new'), '--root-key', kit],
  ] as const) {
    const { code: found, err } = await command('restore', '--from-kit', ...args)
    assert.equal(found, code, err)
  }
  assert.deepEqual(readdirSync(folder), ['home'])
})
