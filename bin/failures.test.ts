import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { commands } from './command-list.ts'
import { erp } from './erp.ts'
import { exitCodes, failureOf, type FailureCode } from './exit-codes.ts'

const folder = mkdtempSync(join(tmpdir(), 'erp4-failures-'))
chmodSync(folder, 0o711)
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'file')
writeFileSync(file, 'no archive, kit, ticket or register')

const program = join(import.meta.dirname, 'erp4.ts')
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [program, ...args, '--home', join(folder, 'none')], { encoding: 'utf8' })

test('help is of all commands, or of those that begin with a word', () => {
  const [all, some] = [run('help').stdout, run('keys', '--help').stdout]
  for (const { name } of commands) assert.ok(all.includes(`  ${name} `), name)
  assert.ok(some.split('\n').every((line) => line === '' || line.startsWith('  keys ')) && some.includes('keys rotate'), some)
  assert.equal(run('help', 'keys').stdout, some)
  assert.match(run('keys', 'spin').stderr, /^erp4: There is no command "keys spin\b.*\.\n\n {2}keys show/)
})

for (const [code, ...args] of [
  ['not_found', 'instance', 'list'],
  ['not_found', 'instance', 'move', 'main', '--undo'],
  ['usage', 'instance', 'move', 'main'],
  ['not_found', 'backup', 'show', 'x'],
  ['usage', 'backup', 'run', 'main', '--class', 'odd'],
  ['usage', 'keys', 'show', '--unknown'],
  ['usage', 'nonsense'],
  ['set_damaged', 'verify', file],
  ['refused', 'restore', '--from-kit', file, '--root-key', file],
  ['not_found', 'retention', 'prune', '--folder', folder],
  ['not_found', 'evidence', 'verify'],
] as [FailureCode, ...string[]][])
  test(`"erp4 ${args.filter((one) => !one.startsWith('/')).join(' ')}" fails for machines in one line, and for people in a sentence`, () => {
    const { stdout, stderr, status } = run(...args, '--json')
    const lines = stdout.split('\n')
    assert.equal(lines.length, 2, stdout)
    const told = JSON.parse(lines[0]!) as { ok: boolean; code: string; message: string }
    assert.deepEqual([told.ok, told.code, status], [false, code, exitCodes[code]], stderr)
    assert.ok(told.message.length > 10 && stderr.includes(told.message.split('\n')[0]!))
    assert.deepEqual(Object.keys(told), ['ok', 'code', 'message'])
  })

test('without --json nothing but results is written to standard output', () => {
  const { stdout, status } = run('instance', 'list')
  assert.deepEqual([stdout, status], ['', exitCodes.not_found])
})

test('every command that ends by itself answers machines', async () => {
  const others = ['start', 'serve', 'work', 'seal', 'agent', 'test', 'check', 'new-app', 'bench']
  for (const { name, run: begin } of commands)
    if (!others.includes(name))
      await assert.rejects(begin(['--json', '--no-such-option'], erp), /'--no-such-option'/, `erp4 ${name} does not know --json`)
})

for (const [what, code, ...args] of [
  ['a port that is none', 'usage', '--port', 'eighty'],
  ['an option that there is not', 'usage', '--prot', '80'],
] as const)
  test(`a start with ${what} fails for machines in the one line that every start prints`, () => {
    const { stdout, stderr, status } = run('start', ...args, '--json')
    const told = JSON.parse(stdout) as { ready: boolean; error: { code: string; message: string } }
    assert.deepEqual([told.ready, told.error.code, status], [false, code, exitCodes[code]])
    assert.ok(stderr.includes(told.error.message))
    assert.ok(!existsSync(join(folder, 'none')), 'nothing was made')
  })

test('a home that is a file is told as such, by the command that would make it', () => {
  const { stdout, status } = spawnSync(process.execPath, [program, 'start', '--json', '--home', file], { encoding: 'utf8' })
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
  assert.deepEqual([error.code, status], ['damaged_home', exitCodes.damaged_home])
  assert.equal(error.message, `The home ${file} cannot be a folder: a file is in its way.`)
})

test('what the system says of an address that nobody can listen on becomes a sentence', async () => {
  const listen = (port: number, address: string): Promise<unknown> => {
    const server = createServer()
    return new Promise((resolve) => {
      server.once('error', resolve)
      server.listen(port, address, () => server.close(() => resolve(undefined)))
    })
  }
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const busy = failureOf(await listen(port, '127.0.0.1'))
  other.close()
  assert.equal(busy.code, 'port_in_use')
  assert.match(busy.message, new RegExp(`^Port ${port} is in use by another program, on 127\\.0\\.0\\.1: `))
  // An address for documents, RFC 5737: nobody has it.
  const nowhere = failureOf(await listen(0, '192.0.2.1'))
  assert.deepEqual([nowhere.code, nowhere.message.slice(0, 38)], ['usage', 'This machine has no address 192.0.2.1:'])
})
