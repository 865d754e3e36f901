import { createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { buildDownload, copyDownload, listBackups, openHome, runBackup, trustedKeys, verifyArchive, type Host } from '@erp4/ops'
import { CommandError } from '../exit-codes.ts'
import { homeFolder, withHost } from '../home.ts'
import { print, Steps, watched } from '../terminal.ts'

/** Makes the open archive of a set and copies it to a file; a copy that was killed goes on where it was. */
export async function download(args: readonly string[]): Promise<void> {
  const options = {
    home: { type: 'string' },
    json: { type: 'boolean', default: false },
    to: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    'passphrase-file': { type: 'string' },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [what] = positionals
  if (!what || positionals.length > 1 || !values.to)
    throw new CommandError('usage', 'Give an instance or a set, and with --to the file to make.')
  const passphrase = await readPassphrase(values['passphrase-file'])
  const to = resolve(values.to)
  const steps = new Steps()
  const tell = (step: string): void => steps.begin(step)
  try {
    const { archive, resumedAt } = await withHost(values.home, async (host) => {
      const set = values.fresh ? (await runBackup(host, what, watched(steps))).id : await newestSet(host, what)
      const archive = await buildDownload(host, set, { tell, ...(passphrase === undefined ? {} : { passphrase }) })
      tell(`Copying ${(archive.bytes / 1e6).toFixed(1)} MB`)
      return { archive, ...(await copyDownload(archive, to, { progress: (done, of) => steps.progress(done, of) })) }
    })
    steps.end()
    const { set, bytes, sha256 } = archive
    if (values.json) print(JSON.stringify({ set, file: to, bytes, sha256, resumedAt }))
    else print(`${to}   ${bytes} bytes, SHA-256 ${sha256}${resumedAt ? `, continued at ${resumedAt}` : ''}`)
  } finally {
    steps.end()
  }
}

/** Is an open archive whole, byte by byte? Needs no host and no network. */
export async function verify(args: readonly string[]): Promise<void> {
  const options = { home: { type: 'string' }, json: { type: 'boolean', default: false }, key: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [file] = positionals
  if (!file || positionals.length > 1) throw new CommandError('usage', 'Give the archive, and only one.')
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new CommandError('not_found', `There is no file ${file}.`)
  const steps = new Steps()
  const found = await verifyArchive(file, { trustedKey: keysOf(values), ...watched(steps) }).finally(() => steps.end())
  if (values.json) return print(JSON.stringify(found))
  const { set, taken, files, bytes, isTrusted, signedBy, isDumpReadable } = found
  print(`${file} is whole: the set ${set} of ${taken}, a database and ${files} files, ${(bytes / 1e6).toFixed(1)} MB.`)
  print(isDumpReadable ? 'pg_restore reads the whole dump.' : 'There is no PostgreSQL here: pg_restore has not read the dump.')
  if (isTrusted) print(`It is signed by ${signedBy}, which is trusted here.`)
  else print(`Who made it is not shown: it names ${signedBy}, whose key is not known here (--key FILE.pem, from the recovery kit).`)
}

/** The set itself, or the newest of the instance that a store holds. */
async function newestSet(host: Host, what: string): Promise<string> {
  const published = (await listBackups(host)).filter(({ state }) => state === 'published')
  const newest = published.filter(({ name, instance }) => name === what || instance === what).sort((a, b) => b.seq - a.seq)[0]
  const set = published.find(({ id }) => id === what) ?? newest
  if (!set) throw new CommandError('not_found', `There is no backup set of ${JSON.stringify(what)}: make one with --fresh.`)
  return set.id
}

/** `-` is standard input. Never from the command line, where others see it. */
async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  return (file === '-' ? await text(process.stdin) : readGiven(file)).replace(/\r?\n$/, '')
}

/** One key that was given counts alone; else those that a home here trusts, if there is one. */
function keysOf({ key, home }: { key?: string | undefined; home?: string | undefined }): (id: string) => KeyObject | undefined {
  if (key !== undefined) {
    const given = publicKeyIn(key)
    return () => given
  }
  const folder = homeFolder(home)
  if (!existsSync(join(folder, 'home.json'))) return () => undefined
  const known = trustedKeys(openHome(folder))
  return (id) => (known[id] === undefined ? undefined : createPublicKey(known[id]))
}

function publicKeyIn(file: string): KeyObject {
  const content = readGiven(file)
  try {
    return createPublicKey(content)
  } catch (error) {
    throw new CommandError('usage', `${file} is no public key: give a PEM file, as the recovery kit has them.`, { cause: error })
  }
}

/** A file that somebody named: that it cannot be read is his mistake, not ours. */
function readGiven(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError('not_found', `${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
