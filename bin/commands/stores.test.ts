import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readRegister, startThrowawayCluster, type LocationRegister, type Throwaway } from '@erp4/ops'
import { s3Double, type S3Double } from '@erp4/testing'
import { exitCodes, type FailureCode } from '../exit-codes.ts'

const secrets = { read: 'sesame-read-5f1c', write: 'sesame-write-77aa', prune: 'sesame-prune-0b3d' }
let world: Throwaway
let double: S3Double
let register: LocationRegister
before(async () => {
  world = await startThrowawayCluster({ own: true })
  double = await s3Double([
    { accessKeyId: 'reader', secretAccessKey: secrets.read, rights: ['get', 'list'] },
    { accessKeyId: 'writer', secretAccessKey: secrets.write, rights: ['get', 'list', 'put'] },
    { accessKeyId: 'pruner', secretAccessKey: secrets.prune, rights: ['get', 'list', 'delete', 'deleteVersion', 'retain'] },
  ])
  register = readRegister(world.host.home)
})
after(async () => {
  await double.close()
  await world.stop()
})

const program = join(import.meta.dirname, '..', 'erp4.ts')
const said: string[] = []
/** Not synchronous: the store answers in this process. */
async function stores(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [program, 'stores', ...args, '--home', world.host.home.dir], { stdio: 'pipe' })
  let [out, err] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number]
  said.push(out, err)
  return { code, out, err }
}
async function refused(code: FailureCode, args: readonly string[], input = ''): Promise<string> {
  const done = await stores(args, input)
  assert.equal(done.code, exitCodes[code], done.err)
  return done.err
}
async function done(args: readonly string[], input = ''): Promise<string> {
  const { code, out, err } = await stores(args, input)
  assert.equal(code, 0, err)
  return out
}

const file = () => join(world.host.home.dir, 'register.json')
const withS3 = (): LocationRegister => ({
  ...register,
  locations: register.locations.map((one) =>
    one.name === 'us-1'
      ? {
          ...one,
          store: { kind: 's3', endpoint: double.endpoint, region: double.region, bucket: double.name, prefix: '', lock: 'compliance' },
        }
      : one,
  ),
})

test('a register in which backups could not be safe is refused, and the one that is there stays', async () => {
  for (const [bad, code] of [
    ['no JSON', 'refused'],
    [JSON.stringify({ ...register, locations: register.locations.slice(1) }), 'refused'],
    [JSON.stringify({ ...register, locations: register.locations.map((one) => ({ ...one, continent: 'europe' })) }), 'refused'],
    [JSON.stringify({ ...register, locations: register.locations.map((one) => ({ ...one, name: '../../etc' })) }), 'refused'],
  ] as [string, FailureCode][]) {
    writeFileSync(file(), bad)
    await refused(code, ['set', file()])
    assert.deepEqual(readRegister(world.host.home), register)
  }
})

test('a location is set, is given credentials for each role that open it, and answers', async () => {
  writeFileSync(file(), JSON.stringify(withS3()))
  await done(['set', file()])
  const { locations } = JSON.parse(await done(['list', '--json'])) as { locations: { name: string; trouble?: string }[] }
  assert.match(locations.find(({ name }) => name === 'us-1')!.trouble!, /no credentials to write/)
  for (const [role, key] of [
    ['read', 'reader'],
    ['write', 'writer'],
    ['prune', 'pruner'],
  ] as const)
    await done(['credentials', 'us-1', role], `${key} ${secrets[role]}\n`)
  assert.match(await done(['list']), /us-1 .* answers/)
})

test('credentials that are wrong, of another kind, for a directory or for nobody are told as such', async () => {
  assert.match(await refused('store_failed', ['credentials', 'us-1', 'read'], 'reader wrong-but-secret-9c2e\n'), /do not open the store/)
  await done(['credentials', 'us-1', 'read'], `reader ${secrets.read}`)
  await refused('usage', ['credentials', 'us-1', 'read'], '-----BEGIN OPENSSH PRIVATE KEY-----\nsesame-key\n')
  await refused('usage', ['credentials', 'us-1', 'read'], 'sesame-alone')
  await refused('refused', ['credentials', 'eu-1', 'read'], 'a b')
  await refused('not_found', ['credentials', 'mars', 'read'], 'a b')
  await refused('usage', ['credentials', 'us-1', 'own'], 'a b')
  assert.match(await done(['list']), /us-1 .* answers/)
})

test('waivers are recorded and ended, and refused where too few locations lie in their countries', async () => {
  await refused('refused', ['waive', '--all', '--countries', 'DE,FR', '--who', 'Ann', '--reason', 'the law'])
  await refused('usage', ['waive', '--all', '--countries', 'DE,US,SG'])
  await refused('not_found', ['waive', 'nobody', '--countries', 'DE,US,SG', '--who', 'Ann', '--reason', 'the law'])
  assert.deepEqual(readRegister(world.host.home).waivers, [])
  await done(['waive', '--all', '--countries', 'DE,US,SG', '--who', 'Ann', '--reason', 'the law'])
  assert.match(await done(['list']), /all instances only in DE, US, SG: the law \(Ann/)
  await done(['waive', '--all', '--end'])
  assert.deepEqual(readRegister(world.host.home).waivers, [])
})

test('a store that answers with errors, late or with nonsense is told by name; no secret is in what any command said, in a log or in a file', async () => {
  double.fault = () => ({ answer: 'error', status: 403, code: 'AccessDenied' })
  const { locations } = JSON.parse(await done(['list', '--json'])) as { locations: { name: string; trouble?: string }[] }
  assert.match(locations.find(({ name }) => name === 'us-1')!.trouble!, /us-1/)
  double.fault = undefined
  assert.deepEqual(JSON.parse(await done(['scrub', '--json'])), { sets: 0, bytes: 0, healed: [], troubles: [] })
  assert.deepEqual(JSON.parse(await done(['repair', 'us-1', '--json'])), { sets: 0, bytes: 0, healed: [], troubles: [] })
  await done(['pruner', 'us-1'])
  await refused('not_found', ['scrub', 'mars'])
  await refused('usage', ['scrub', '--gigabytes', 'many'])
  const { dir } = world.host.home
  const files = ['keys', 'log', 'run', 'locations.json'].flatMap((name) => {
    const path = join(dir, name)
    if (!existsSync(path)) return []
    return statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((one) => join(path, one)) : [path]
  })
  const texts = [...said, ...files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'latin1'))]
  for (const secret of [...Object.values(secrets), 'wrong-but-secret-9c2e', 'sesame-key', 'sesame-alone'])
    assert.ok(!texts.some((one) => one.includes(secret)), secret)
})
