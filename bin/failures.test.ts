import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { erp } from './erp.ts'
import { exitCodes, type FailureCode } from './exit-codes.ts'
import { commands } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'erp4-failures-'))
chmodSync(folder, 0o711)
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'file')
writeFileSync(file, 'no archive, kit, ticket or register')

const program = join(import.meta.dirname, 'erp4.ts')
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [program, ...args, '--home', join(folder, 'none')], { encoding: 'utf8' })

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
  ['usage', 'start', '--port', 'eighty'],
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
  const others = ['serve', 'work', 'seal', 'agent', 'test', 'check', 'new-app', 'bench']
  for (const { name, run: begin } of commands)
    if (!others.includes(name))
      await assert.rejects(begin(['--json', '--no-such-option'], erp), /'--no-such-option'/, `erp4 ${name} does not know --json`)
})
