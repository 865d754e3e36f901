import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, linkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Manifest, SetFacts } from '../backup/manifest.ts'
import { sealPart } from '../envelope/envelope.ts'
import { ulid } from '../ulid.ts'
import type { FetchedSet } from './fetch.ts'
import { unpackFiles } from './stored-files.ts'

const dir = mkdtempSync(join(tmpdir(), 'erp4-unpack-'))
after(() => rmSync(dir, { recursive: true }))

const name = 'ab'.repeat(32)
const content = 'as it lies'
const elsewhere = join(dir, 'elsewhere')
mkdirSync(elsewhere)
writeFileSync(join(elsewhere, name), content)

/** A set whose files are what `fill` put into a folder, packed by `tar` with `args`, as a host that somebody took over could have signed it. */
async function hostile(fill: (folder: string) => void, args: readonly string[] = ['.']): Promise<FetchedSet> {
  const place = mkdtempSync(join(dir, 'set-'))
  const from = join(place, 'from')
  mkdirSync(from)
  fill(from)
  const key = randomBytes(32)
  const [instance, set] = ['00000000-0000-4000-8000-000000000001', ulid()]
  const tar = { command: 'tar', args: ['--create', '--file=-', '--absolute-names', `--directory=${from}`, ...args] }
  const order = {
    source: tar,
    key,
    context: { instance, set, part: 'files-000.tar.esdk' },
    to: join(place, 'files-000.tar.esdk'),
    compress: false,
  }
  const { bytes, sha256, plainBytes, plainSha256 } = await sealPart(order)
  const part = {
    name: 'files-000.tar.esdk',
    kind: 'files',
    sha256,
    bytes,
    plain_sha256: plainSha256,
    plain_bytes: plainBytes,
    shared_from: null,
  }
  const facts = { files: [{ name, bytes: content.length }] } as unknown as SetFacts
  return {
    manifest: { instance, set, parts: [part] } as unknown as Manifest,
    manifestSha256: '',
    facts,
    location: 'eu-1',
    folder: place,
    key,
  }
}

const good = (folder: string): void => {
  mkdirSync(join(folder, 'ab'))
  writeFileSync(join(folder, 'ab', name), content)
}
const isRoot = process.getuid!() === 0

test('the files that are named come out', async () => {
  const set = await hostile(good)
  const to = join(set.folder, 'files')
  await unpackFiles(set, to)
  assert.equal(readFileSync(join(to, 'ab', name), 'utf8'), content)
})

for (const [what, fill, args] of [
  ['a file more', (folder: string) => (good(folder), writeFileSync(join(folder, 'ab', 'more'), 'x'))],
  ['a folder more', (folder: string) => (good(folder), mkdirSync(join(folder, 'cd', 'ef'), { recursive: true }))],
  [
    'a file that is a link',
    (folder: string) => (mkdirSync(join(folder, 'ab')), symlinkSync(join(elsewhere, name), join(folder, 'ab', name))),
  ],
  ['a shelf that is a link to where other files lie', (folder: string) => symlinkSync(elsewhere, join(folder, 'ab'))],
  [
    'a shelf that is a link inside of it',
    (folder: string) => {
      mkdirSync(join(folder, 'x'))
      writeFileSync(join(folder, 'x', name), content)
      symlinkSync('x', join(folder, 'ab'))
    },
  ],
  ['a file under two names', (folder: string) => (good(folder), linkSync(join(folder, 'ab', name), join(folder, 'ab', 'cd'.repeat(32))))],
  ['a pipe', (folder: string) => (good(folder), execFileSync('mkfifo', [join(folder, 'ab', 'cd'.repeat(32))]))],
  ...(isRoot
    ? [['a device', (folder: string) => (good(folder), execFileSync('mknod', [join(folder, 'null'), 'c', '1', '3']))] as const]
    : []),
  ['a name that leaves the folder', good, ['.', '--transform=s,^\\./ab/.*,../../escaped,', './ab']],
  ['an absolute name', good, ['.', `--transform=s,^\\./ab/.*,${dir}/escaped,`, './ab']],
] as [string, (folder: string) => void, string[]?][]) {
  test(`a set with ${what} among its files is refused, and nothing comes to lie elsewhere`, async () => {
    const set = await hostile(fill, args)
    const before = readdirSync(dir, { recursive: false }).sort()
    await assert.rejects(unpackFiles(set, join(set.folder, 'files')), (error: Error & { code?: string }) =>
      ['set_damaged', 'program_failed'].includes(error.code ?? ''),
    )
    assert.deepEqual(readdirSync(dir).sort(), before)
    assert.equal(existsSync(join(set.folder, 'escaped')), false)
    assert.equal(readFileSync(join(elsewhere, name), 'utf8'), content)
  })
}
