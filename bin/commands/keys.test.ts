import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startThrowawayCluster, type RecoveryKit, type Throwaway } from '@erp4/ops'
import { exitCodes } from '../exit-codes.ts'

let world: Throwaway
let home: string
// Its own: the root key leaves it, and passwords change.
before(async () => {
  world = await startThrowawayCluster({ own: true })
  home = world.host.home.dir
})
after(() => world.stop())

const program = join(import.meta.dirname, '..', 'erp4.ts')
function erp4(args: string, input = '') {
  const done = spawnSync(process.execPath, [program, 'keys', ...args.split(' '), '--home', home], { encoding: 'utf8', input })
  return { ...done, json: () => JSON.parse(done.stdout) as Record<string, never> }
}
const rootFile = () => join(home, 'keys', 'root.key')

test('the root key leaves the host when two shares were read back, not before, and comes back as another one', () => {
  const root = readFileSync(rootFile(), 'utf8')
  const kit = erp4('kit --json').json() as unknown as RecoveryKit
  const shares = `${kit.root.shares[2]}\n${kit.root.shares[0]}\n`
  const refused = (done: ReturnType<typeof erp4>, code: keyof typeof exitCodes) => {
    assert.equal(done.status, exitCodes[code], done.stderr)
    assert.equal(readFileSync(rootFile(), 'utf8'), root)
  }
  refused(erp4('eject'), 'not_confirmed')
  refused(erp4('eject --shares -', kit.root.shares[1]), 'key_wrong')

  assert.deepEqual(erp4('eject --shares - --json', shares).json(), { ejected: kit.root.id })
  assert.ok(!existsSync(rootFile()))
  assert.equal(erp4('rotate root').status, exitCodes.key_missing)
  assert.equal(erp4('rotate root --root-key -', kit.root.shares[0]).status, exitCodes.key_wrong)
  assert.ok(!existsSync(rootFile()))

  writeFileSync(join(home, 'shares'), shares, { mode: 0o600 })
  const rotated = erp4(`rotate root --json --root-key=${join(home, 'shares')}`).json() as unknown as { old: string }
  assert.equal(rotated.old, kit.root.id)
  assert.notEqual(readFileSync(rootFile(), 'utf8'), root)
})

test('passwords and signing keys are rotated, the host is reached as before, and no command shows a secret', () => {
  const said = ['rotate signer', 'rotate logins', 'show --json'].map((args) => {
    const { status, stdout, stderr } = erp4(args)
    assert.equal(status, 0, stderr)
    return stdout + stderr
  })
  const secrets = ['host.key', 'root.key', 'sealer.key', 'host-signing.key'].map((name) =>
    readFileSync(join(home, 'keys', name), 'utf8').trim(),
  )
  for (const secret of [...secrets, world.host.keys.login('erp4_ops')!, 'ERP4-1-']) assert.ok(!said.join('').includes(secret))
})
