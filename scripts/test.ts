/**
 * `./erp4 test [PLACE…] [--watch] [--long]`: the checks, and every test file in a process of its own, three at a time, all on
 * one throw-away PostgreSQL. A PLACE is an app or a package by name, a folder, or (part of) a file's path.
 */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import { startTestCluster } from '@erp4/testing'
import { check } from './check.ts'
import { repository } from './run.ts'
import { filesOf } from './source.ts'
import type { Report } from './test-reporter.ts'

interface FileResult {
  readonly path: string
  readonly passed: number
  readonly failed: number
  readonly ms: number
}

interface Options {
  readonly long: boolean
  readonly env: NodeJS.ProcessEnv
}

const slowMs = 5_000
const plentyBytes = 12 * 2 ** 30
/** Stories of whole hosts take minutes where other work shares the machine. */
const fileLimitMs = { short: 900_000, long: 1_800_000 }
/** How long a process may go on when no test of it runs: it may have a whole ERP4 to end. */
const leavingMs = 180_000
/** Of Node, for a test file: they spare it work that would be in vain, and with room for what lives a moment it collects less garbage. */
export const testOptions = [
  '--max-semi-space-size=64',
  `--test-reporter=${join(import.meta.dirname, 'test-reporter.ts')}`,
  ...['known-hashes', 'untracked'].map((name) => `--import=${join(repository, `packages/testing/${name}.ts`)}`),
]

/** The test files that a place means: those of an app, a package or a folder, one file, or else all with the text in their path. */
export function selectTests(all: readonly string[], place: string): string[] {
  const folder = place.replace(/^\.\//, '').replace(/\/$/, '')
  const exact = all.filter((path) => path === folder || ['', 'packages/', 'apps/'].some((parent) => path.startsWith(`${parent}${folder}/`)))
  return exact.length > 0 ? exact : all.filter((path) => path.includes(folder))
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { watch: { type: 'boolean' }, long: { type: 'boolean' } } })
  const all = filesOf(repository, '.test.ts')
  const empty = positionals.filter((place) => selectTests(all, place).length === 0)
  if (empty.length > 0) {
    console.error(`There is no test at ${empty.join(' or ')}.`)
    return false
  }
  const files = positionals.length === 0 ? all : [...new Set(positionals.flatMap((place) => selectTests(all, place)))]
  // Beside the first files, as if it were one of them.
  const checking = positionals.length === 0 && !values.watch ? check() : Promise.resolve([])
  const folder = mkdtempSync(join(whereToWrite(), 'erp4-'))
  chmodSync(folder, 0o1777) // as /tmp is: services run as users of their own
  process.env['TMPDIR'] = folder
  const cluster = await startTestCluster()
  const stop = stopOnSignals(async () => {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  try {
    const options = { long: values.long ?? false, env: { ...process.env, ...cluster.env, ...(values.long ? { ERP4_LONG: '1' } : {}) } }
    const results = await runFiles(files, options)
    if (values.watch) await watchAndRun(files, options)
    const failedChecks = (await checking).filter(({ problems }) => problems.length > 0)
    return conclude(
      results,
      failedChecks.map(({ name }) => name),
    )
  } finally {
    await stop()
  }
}

/** In memory where there is plenty of it: what tests write is synced to the disk again and again, and nobody has it back from there. */
function whereToWrite(memory = '/dev/shm'): string {
  if (process.env['TMPDIR'] !== undefined || !existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return Math.min(bavail * bsize, process.availableMemory()) > plentyBytes ? memory : tmpdir()
}

/** Ctrl-C ends the test processes and the cluster before this process goes. */
function stopOnSignals(stopCluster: () => Promise<void>): () => Promise<void> {
  const interrupt = (): void => {
    for (const pid of running) endGroup(pid)
    void stopCluster().finally(() => process.exit(130))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt)
  return stopCluster
}

async function runFiles(files: readonly string[], options: Options): Promise<FileResult[]> {
  const memory = join(repository, '.cache/test-durations.json')
  const known = existsSync(memory) ? (JSON.parse(readFileSync(memory, 'utf8')) as Record<string, number>) : {}
  // The slowest first.
  const inOrder = files.toSorted((a, b) => (known[b] ?? guessMs(b)) - (known[a] ?? guessMs(a)))
  const results: FileResult[] = []
  const lane = async (next: () => string | undefined): Promise<void> => {
    for (let path = next(); path !== undefined; path = next()) results.push(await runFile(path, options))
  }
  // Two stories keep two processors busy but for a quarter of the time, when they wait for others: that is left to the smallest files.
  const [slow, quick] = [() => inOrder.shift(), () => inOrder.pop()]
  await Promise.all([lane(slow), lane(slow), lane(quick)])
  mkdirSync(join(repository, '.cache'), { recursive: true })
  writeFileSync(memory, JSON.stringify({ ...known, ...Object.fromEntries(results.map(({ path, ms }) => [path, Math.round(ms)])) }))
  return results
}

/** Of a file that has not run here yet, as in a fresh clone: stories take longest, then whatever starts clusters or processes. */
export function guessMs(path: string): number {
  if (path.startsWith('tests/')) return 60_000
  return /^(bin|packages\/ops)\//.test(path) ? 20_000 : slowMs
}

const running = new Set<number>()

/** Runs one file to its end, or to its limit; says how it went. */
function runFile(path: string, { long, env }: Options): Promise<FileResult> {
  return new Promise((resolve) => {
    const started = performance.now()
    const reports: Report[] = []
    const output: string[] = []
    const troubles: string[] = []
    // A group of its own, so that whatever the test started can be ended with it.
    const child = spawn(process.execPath, [...testOptions, join(repository, path)], {
      cwd: repository,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const pid = child.pid!
    running.add(pid)
    const giveUp = (why: string): void => {
      troubles.push(why)
      endGroup(pid)
    }
    const limitMs = long ? fileLimitMs.long : fileLimitMs.short
    const limit = setTimeout(() => giveUp(`did not end within ${limitMs / 1000} s; ${whereItStood(reports)}`), limitMs)
    let leaving: NodeJS.Timeout | undefined
    child.on('message', (report: Report) => {
      reports.push(report)
      clearTimeout(leaving)
      if (isIdle(reports)) leaving = setTimeout(() => giveUp('goes on after its last test: something was left open'), leavingMs)
    })
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (piece: Buffer) => output.push(piece.toString()))
    child.on('close', (code) => {
      clearTimeout(limit)
      clearTimeout(leaving)
      running.delete(pid)
      if (endGroup(pid)) output.push('(processes that it left behind were ended)\n')
      const result = judge(path, reports, troubles, code, performance.now() - started)
      console.log(describe(result, reports, troubles, output.join('')))
      resolve(result)
    })
  })
}

/** Ends a process group; answers whether there was anyone left in it. */
function endGroup(pid: number): boolean {
  try {
    process.kill(-pid, 'SIGKILL')
    return true
  } catch {
    // ESRCH: nobody is left, as it should be.
    return false
  }
}

/** Every test that has begun has ended; there has been one. */
function isIdle(reports: readonly Report[]): boolean {
  const [begun, ended] = [count(reports, 'begun'), count(reports, 'ended')]
  return begun > 0 && begun <= ended
}

const count = (reports: readonly Report[], kind: Report['kind']): number => reports.filter((report) => report.kind === kind).length

const whereItStood = (reports: readonly Report[]): string =>
  `the last test that began: ${reports.findLast((report) => report.kind === 'begun')?.name ?? 'none'}`

function judge(path: string, reports: readonly Report[], troubles: string[], code: number | null, ms: number): FileResult {
  const [passed, failed] = [count(reports, 'passed'), count(reports, 'failed')]
  const skipped = reports.filter((report) => report.kind === 'skipped')
  if (troubles.length === 0 && code !== 0 && failed === 0) troubles.push(`ended with code ${code}`)
  if (skipped.length > 0) troubles.push(`skipped: ${skipped.map(({ name }) => name).join(', ')}`)
  if (troubles.length === 0 && passed + failed === 0 && !holdsLongTests(path)) troubles.push('ran no test')
  return { path, passed, failed: failed + troubles.length, ms }
}

/** Its tests are all for `--long`, perhaps. */
const holdsLongTests = (path: string): boolean => /\blong\(/.test(readFileSync(join(repository, path), 'utf8'))

function describe(
  { path, passed, failed, ms }: FileResult,
  reports: readonly Report[],
  troubles: readonly string[],
  output: string,
): string {
  const seconds = styleText(ms > slowMs ? 'yellow' : 'dim', `${(ms / 1000).toFixed(1)} s`)
  if (failed === 0) return `${styleText('green', '✔')} ${path} ${styleText('dim', `${passed} passed`)} ${seconds}`
  return [
    `${styleText('red', '✖')} ${path} ${passed} passed, ${failed} failed ${seconds}`,
    ...troubles.map((trouble) => `    ${trouble}`),
    ...reports.flatMap((report) =>
      report.kind === 'failed'
        ? [`    ${styleText('red', report.name)} (${report.at.replace(`${repository}/`, '')})`, indent(report.why)]
        : [],
    ),
    ...(output.trim() === '' ? [] : ['    it printed:', indent(output.trim().split('\n').slice(-100).join('\n'))]),
  ].join('\n')
}

const indent = (text: string): string => text.replaceAll(/^/gm, '        ')

/** The closing lines; answers whether all is well. */
function conclude(results: readonly FileResult[], failedChecks: readonly string[]): boolean {
  const slow = results.filter(({ ms }) => ms > slowMs).toSorted((a, b) => b.ms - a.ms)
  if (slow.length > 0)
    console.log(
      `\nSlow files: ${slow
        .slice(0, 10)
        .map(({ path, ms }) => `${path} ${(ms / 1000).toFixed(0)} s`)
        .join(', ')}`,
    )
  const broken = results.filter(({ failed }) => failed > 0).map(({ path }) => path)
  if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(', ')}`)
  if (broken.length > 0) console.log(`\nFailed files: ${broken.join(', ')}`)
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  const failed = results.reduce((sum, result) => sum + result.failed, 0) + failedChecks.length
  console.log(`\n${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0
}

/** Runs the tests of a package or app again as its files change; of everything, when the change lies elsewhere. Never ends. */
async function watchAndRun(files: readonly string[], options: Options): Promise<never> {
  const changed = new Set<string>()
  let wake = (): void => {}
  for (const folder of ['packages', 'apps', 'bin', 'scripts', 'tests'].filter((one) => existsSync(join(repository, one)))) {
    watch(join(repository, folder), { recursive: true }, (_event, name) => {
      if (name === null || !/\.(ts|tsx|json)$/.test(name)) return
      changed.add(join(folder, name))
      wake()
    })
  }
  for (;;) {
    console.log(styleText('dim', '\nwaiting for a change …'))
    await new Promise<void>((resolve) => (wake = resolve))
    // Editors write a file in several steps.
    await new Promise((resolve) => setTimeout(resolve, 150))
    const places = [...changed].map((path) => /^(?:packages|apps)\/[^/]+/.exec(path)?.[0] ?? '')
    changed.clear()
    const concerned = files.filter((path) => places.some((place) => path.startsWith(place)))
    conclude(await runFiles(concerned.length > 0 ? concerned : files, options), [])
  }
}

if (import.meta.main) process.exitCode = (await main()) ? 0 : 1
