import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { long } from '@erp4/testing'
import { exitCodes } from './exit-codes.ts'

const program = join(import.meta.dirname, 'fixtures', 'rehearsal.ts')
const folders: string[] = []
const running: ChildProcess[] = []

after(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function newHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'erp4-start-'))
  chmodSync(folder, 0o711)
  folders.push(folder)
  return folder
}

/** Runs `start --json` until it has said its line; `line` is what a machine reads. */
async function start(home: string, { port = 0, env = {} }: { port?: number; env?: Record<string, string> } = {}) {
  const child = spawn(process.execPath, [program, 'start', '--json', '--home', home, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  running.push(child)
  let [out, err] = ['', '']
  child.stdout.on('data', (piece) => (out += piece))
  child.stderr.on('data', (piece) => (err += piece))
  while (!out.includes('\n') && child.exitCode === null && child.signalCode === null)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  if (out === '') await pause(50)
  return { child, line: JSON.parse(out || 'null'), err: () => err, out: () => out }
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const exited = once(child, 'exit')
  child.kill(signal)
  return (await exited)[0] as number | null
}

/** Pids of every process whose command line names the home, or that such a process started. */
function processesOf(home: string): number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]
        return [{ pid: Number(pid), parent: Number(parent), line: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }]
      } catch {
        return [] // it ended between the two looks
      }
    })
  const named = all.filter(({ line, pid }) => line.includes(home) && pid !== process.pid)
  return all.filter((one) => one.line && (named.includes(one) || named.some(({ pid }) => pid === one.parent))).map(({ pid }) => pid)
}

async function eventually(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 6_000, what)
    await pause(50)
  }
}

function ask(url: string, host?: string): Promise<{ status: number; body: any }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers: host ? { host } : {}, agent: false }, (response) => {
      let text = ''
      response
        .on('data', (piece) => (text += piece))
        .on('end', () => resolve({ status: response.statusCode!, body: text ? JSON.parse(text) : null }))
    })
    call.on('error', reject).end()
  })
}

const command = (home: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args, '--home', home], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** The home that most stories happen in, one after the other: making it anew for each would take most of their time. */
const town = newHome()
let townRuns: Awaited<ReturnType<typeof start>> | undefined

/** Starts the town; what a story that failed has left running there is ended before. */
async function startTown(): ReturnType<typeof start> {
  for (const child of running) if (child.exitCode === null && child.signalCode === null) await end(child)
  return start(town)
}

/** The town with its ERP4 running. */
async function runningTown() {
  townRuns ??= await startTown()
  assert.equal(townRuns.line?.ready, true, townRuns.err())
  return { home: town, ...townRuns }
}

test('the first start makes demo and main, tells their passwords once, and a signal ends every process', async () => {
  const home = town
  const first = await start(home)
  assert.equal(first.line?.ready, true, first.err())
  const [demo, main] = first.line.instances
  assert.deepEqual({ ...demo, url: '' }, { name: 'demo', url: '', db: 'demo', login: 'admin', password: 'first' })
  assert.match(demo.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.match(main.url, /^http:\/\/127\.0\.0\.2:\d+$/)
  const port = Number(new URL(demo.url).port)

  for (const [host, name] of [
    ['localhost', 'demo'],
    ['demo.localhost', 'demo'],
    ['127.0.0.1', 'demo'],
    ['main.localhost', 'main'],
  ] as const) {
    const { body } = await ask(demo.url, `${host}:${port}`)
    assert.equal(body.name, name, host)
    assert.match(body.role, /^i_[0-9a-f]{32}_runtime$/)
  }
  assert.equal((await ask(main.url)).body.name, 'main')
  assert.equal((await ask(demo.url, 'evil.localhost')).status, 404)

  const postmaster = readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8')
  const again = await start(home)
  assert.deepEqual([again.line.ready, again.line.error.code], [false, 'already_running'])
  assert.equal(again.child.exitCode ?? (await once(again.child, 'exit'))[0], exitCodes.already_running)
  assert.equal(readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8'), postmaster, 'the one that runs is left alone')
  assert.equal((await ask(demo.url)).body.name, 'demo')

  assert.equal(await end(first.child), 0)
  assert.deepEqual(processesOf(home), [])
  assert.equal(first.out().trim().split('\n').length, 1, 'exactly one line')

  const second = await start(home, { port })
  assert.equal(second.line.ready, true, second.err())
  assert.match(first.err(), /Making the instances demo and main/)
  assert.doesNotMatch(second.err(), /Making/, 'nothing is made a second time')
  assert.deepEqual(second.line.instances, [
    { name: 'demo', url: demo.url, db: 'demo' },
    { name: 'main', url: main.url, db: 'main' },
  ])
  assert.equal(await end(second.child, 'SIGINT'), 0)
  assert.deepEqual(processesOf(home), [])
})

test('a service that crashes is started again, and kill -9 of the supervisor ends the services too', async () => {
  const home = town
  const first = await startTown()
  const url = first.line.instances[0].url as string
  const { pid } = (await ask(url)).body
  process.kill(pid, 'SIGKILL')
  let next: number | undefined
  await eventually(() => {
    void ask(url)
      .then(({ body }) => (next = body.pid))
      .catch(() => {})
    return next !== undefined && next !== pid
  }, 'the server did not come back')

  await end(first.child, 'SIGKILL')
  await eventually(() => processesOf(home).every((one) => one !== next), 'the server outlived its supervisor')

  const second = await start(home)
  assert.equal(second.line?.ready, true, second.err())
  assert.equal((await ask(second.line.instances[0].url)).body.name, 'demo')

  const postmaster = Number(readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(postmaster, 'SIGKILL')
  let answer: string | undefined
  await pause(1_500)
  await eventually(() => {
    void ask(second.line.instances[0].url)
      .then(({ body }) => (answer = body?.name))
      .catch(() => {})
    return answer === 'demo'
  }, 'PostgreSQL did not come back')
  await end(second.child)
  assert.deepEqual(processesOf(home), [])
})

/** Interrupts starts of one home after so many milliseconds each; whatever they had done, the next one finishes it. */
async function interruptAfter(moments: readonly number[]): Promise<void> {
  const home = newHome()
  const shown: { name: string; password?: string }[] = [] // by those that were faster than their interruption
  for (const afterMs of moments) {
    const child = spawn(process.execPath, [program, 'start', '--json', '--home', home, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let out = ''
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()))
    await pause(afterMs)
    if (child.exitCode === null) await end(child)
    await eventually(() => processesOf(home).length === 0, `after ${afterMs} ms something was left running`)
    for (const said of out.split('\n').filter(Boolean)) shown.push(...(JSON.parse(said).instances ?? []))
  }
  const { child, line, err } = await start(home)
  assert.equal(line?.ready, true, err())
  assert.deepEqual(line.instances.map((one: { name: string }) => one.name).sort(), ['demo', 'main'])
  shown.push(...line.instances)
  assert.deepEqual(
    shown.flatMap(({ name, password }) => (password ? [name] : [])).sort(),
    ['demo', 'main'],
    'each password is shown once, whenever its start got that far',
  )
  await end(child)
}

test('a start that is interrupted leaves nothing running, and the next one finishes it', () => interruptAfter([900, 2_600]))
long('a start that is interrupted again and again does so, too', () =>
  interruptAfter([20, 150, 400, 700, 1_100, 1_400, 1_800, 2_200, 3_000, 3_500]),
)

test('a port in use and a full disk each end in one line, one exit code, and nothing left running', async () => {
  const home = newHome()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const busy = await start(home, { port })
  if (busy.child.exitCode === null) await once(busy.child, 'exit')
  assert.deepEqual([busy.line.ready, busy.line.error.code, busy.child.exitCode], [false, 'port_in_use', exitCodes.port_in_use])
  assert.match(busy.line.error.message, new RegExp(`^Port ${port} is in use by another program`))
  other.close()

  const full = await start(home, { env: { ERP4_REHEARSE: 'broken template' } })
  if (full.child.exitCode === null) await once(full.child, 'exit')
  assert.deepEqual([full.line.ready, full.line.error.code, full.child.exitCode], [false, 'disk_full', exitCodes.disk_full])
  assert.deepEqual(processesOf(home), [])
  const list = command(home, 'instance', 'list', '--json')
  assert.deepEqual([list.status, JSON.parse(list.stdout)], [0, []])
  assert.deepEqual(processesOf(home), [], 'a command stops the cluster it started')
})

test('an instance is suspended, resumed, held, described and copied from the command line, and it is written down', async () => {
  const { home, line } = await runningTown()
  const base = line.instances[0].url as string
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = command(home, 'instance', ...args)
    assert.equal(status, 0, stderr)
    return stdout
  }
  run('suspend', 'main')
  assert.deepEqual((await ask(base, 'main.localhost')).body, { name: 'main', isSuspended: true })
  assert.equal((await ask(base, 'demo.localhost')).body.name, 'demo')
  run('resume', 'main')
  assert.match((await ask(base, 'main.localhost')).body.role, /_runtime$/)

  run('set', 'main', '--plan', 'paid', '--zone', 'Asia/Seoul')
  assert.equal(command(home, 'instance', 'set', 'main', '--zone', '+09:00').status, exitCodes.name_invalid)
  assert.equal(command(home, 'instance', 'set', 'main', '--plan', 'gold').status, exitCodes.usage)
  assert.equal(command(home, 'instance', 'set', 'main', '--days', '3').status, exitCodes.refused)
  run('hold', 'main', '--reason', 'Azure v. Bakery')
  assert.equal(command(home, 'instance', 'delete', 'main', '--confirm', 'main').status, exitCodes.legal_hold)
  run('hold', 'main', '--release')
  assert.equal(command(home, 'instance', 'hold', 'main').status, exitCodes.usage)

  const made = JSON.parse(run('duplicate', 'main', 'main-copy', '--days', '2', '--json'))
  assert.match(made.url, /^http:\/\/127\.0\.0\.3:/)
  const { name, copy, key } = (await ask(base, 'main-copy.localhost')).body
  assert.deepEqual([name, copy, key], ['main-copy', 'main', 32])
  const listed = JSON.parse(run('list', '--json')) as { name: string; plan: string; zone: string; kind: string }[]
  assert.deepEqual(
    listed.map((one) => [one.name, one.kind, one.plan, one.zone]),
    [
      ['demo', 'live', 'free', 'UTC'],
      ['main', 'live', 'paid', 'Asia/Seoul'],
      ['main-copy', 'copy', 'free', 'Asia/Seoul'],
    ],
  )
  run('delete', 'main-copy', '--confirm', 'main-copy', '--now')
  assert.equal((await ask(base, 'main-copy.localhost')).status, 404)
  const records = JSON.parse(run('operations', 'main', '--json')) as { kind: string; result: string }[]
  assert.deepEqual(
    records.map(({ kind, result }) => [kind, result]),
    [
      ['duplicate', 'done'],
      ['release', 'done'],
      ['delete', 'legal_hold'],
      ['hold', 'done'],
      ['set', 'done'],
      ['resume', 'done'],
      ['suspend', 'done'],
      ['create', 'done'],
    ],
  )
})

test('instances are made, renamed and deleted while ERP4 runs, and it notices', async () => {
  const { home, line } = await runningTown()
  const base = line.instances[0].url as string
  const made = command(home, 'instance', 'create', 'azure', '--json')
  assert.equal(made.status, 0, made.stderr)
  const azure = JSON.parse(made.stdout)
  assert.deepEqual([azure.name, azure.login, azure.password, new URL(azure.url).hostname], ['azure', 'admin', 'first', '127.0.0.3'])
  assert.equal((await ask(base, 'azure.localhost')).body.name, 'azure')
  assert.equal(command(home, 'instance', 'rename', 'azure', 'bakery').status, 0)
  assert.equal((await ask(base, 'bakery.localhost')).body.name, 'bakery')
  assert.equal((await ask(base, 'azure.localhost')).status, 404)
  assert.equal(command(home, 'instance', 'delete', 'bakery').status, exitCodes.not_confirmed)
  assert.equal((await ask(base, 'bakery.localhost')).status, 200)
  assert.equal(command(home, 'instance', 'delete', 'bakery', '--confirm', 'bakery', '--now').status, exitCodes.refused)
  assert.equal((await ask(base, 'bakery.localhost')).status, 200)
  const deleted = command(home, 'instance', 'delete', 'bakery', '--confirm', 'bakery')
  assert.equal(deleted.status, 0, deleted.stderr)
  assert.match(deleted.stderr, /Its final backup is [0-9A-Z]{26}/)
  assert.equal((await ask(base, 'bakery.localhost')).status, 404)
  const { sets } = { sets: JSON.parse(command(home, 'backup', 'list', 'bakery', '--json').stdout) }
  assert.deepEqual(
    sets.map((set: { class: string }) => set.class),
    ['final'],
  )
  assert.equal(command(home, 'instance', 'undelete', 'bakery').status, 0)
  assert.equal((await ask(base, 'bakery.localhost')).body.name, 'bakery')
  assert.equal(command(home, 'instance', 'create', '--', '-demo').status, exitCodes.usage)
  assert.equal(command(home, 'instance', 'create', 'Demo').status, exitCodes.name_invalid)
  assert.equal(command(home, 'instance', 'create', 'demo').status, exitCodes.name_taken)
  for (const [code, ...args] of [
    ['not_found', 'migrate', '--plan', 'nobody'],
    ['usage', 'instance', 'install', 'bakery'],
    ['usage', 'instance', 'upgrade', 'bakery', 'contacts'],
  ] as const)
    assert.equal(command(home, ...args).status, exitCodes[code], args.join(' '))
  const doctor = command(home, 'doctor')
  assert.equal(doctor.status, 0, doctor.stdout)
})

test('services that run other code than the checkout has are started again before an instance is made', async () => {
  const { home, child, line, err } = await runningTown()
  const url = line.instances[0].url as string
  const before = (await ask(url)).body.pid
  const record = join(home, 'run', 'supervisor.json')
  const holder = JSON.parse(readFileSync(record, 'utf8'))
  writeFileSync(record, JSON.stringify({ ...holder, release: 'older code' }))
  assert.equal(command(home, 'instance', 'create', 'cedar', '--json').status, 0)
  const after = (await ask(url)).body.pid
  assert.notEqual(after, before)
  assert.equal(JSON.parse(readFileSync(record, 'utf8')).release, holder.release)
  assert.equal(command(home, 'instance', 'create', 'dune', '--json').status, 0)
  assert.equal((await ask(url)).body.pid, after, 'the same code is not started twice')
  assert.doesNotMatch(err(), /ended \(/)
  assert.equal(await end(child), 0)
})

test('a command line that makes no sense is told so, and nothing is made', () => {
  const home = join(newHome(), 'home')
  for (const args of [
    ['nonsense'],
    ['start', '--port', 'x'],
    ['start', '--port', '70000'],
    ['start', '--what'],
    ['instance'],
    ['why', 'admin'],
    ['migrate'],
  ]) {
    const { status, stdout } = command(home, ...args)
    assert.deepEqual([status, stdout], [exitCodes.usage, ''], args.join(' '))
  }
  assert.equal(command(home, 'instance', 'list').status, exitCodes.not_found)
  assert.throws(() => readdirSync(home), { code: 'ENOENT' })
})
