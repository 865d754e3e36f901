import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OpsError } from '../errors.ts'

/**
 * Archives are locked as OpenPGP messages (RFC 4880: symmetrically encrypted, integrity protected, AES-256), by GnuPG: `gpg --decrypt`
 * opens them anywhere. The passphrase goes over a pipe of its own.
 */
const minLength = 12
const common = ['--batch', '--quiet', '--no-options', '--pinentry-mode', 'loopback', '--passphrase-fd', '3']
const locking = ['--symmetric', '--cipher-algo', 'AES256', '--digest-algo', 'SHA512', '--s2k-mode', '3', '--s2k-count', '65011712']
const opening = ['--decrypt']

/** OpsError `refused` with too short a passphrase, or one of several lines, and without GnuPG. */
export function demandPassphrase(passphrase: string): void {
  if (passphrase.length < minLength || /[\r\n]/.test(passphrase))
    throw new OpsError('refused', `A passphrase needs at least ${minLength} characters, in one line.`)
  if (spawnSync('gpg', ['--version'], { stdio: 'ignore' }).status !== 0)
    throw new OpsError('refused', 'A passphrase needs GnuPG, which is not installed: apt-get install gnupg, or leave the passphrase out.')
}

/** Runs the archive through GnuPG into `use`; resolves when both have ended well. */
export async function lockedBy(passphrase: string, content: Readable, use: (locked: Readable) => Promise<void>): Promise<void> {
  await gpg(passphrase, [...locking, '--compress-algo', 'none'], async (input, output) => {
    await Promise.all([pipeline(content, input), use(output)])
  })
}

/** Whether an archive that lies there was locked with this passphrase; all of it is read. */
export async function opensWith(path: string, passphrase: string): Promise<boolean> {
  try {
    await gpg(passphrase, [...opening, path], async (input, output) => {
      input.end()
      for await (const _piece of output);
    })
    return true
  } catch {
    return false // another passphrase, or a broken archive: it is made anew
  }
}

async function gpg(passphrase: string, args: readonly string[], use: (input: Writable, output: Readable) => Promise<void>): Promise<void> {
  // Nobody's keys or settings have a part in it.
  const home = mkdtempSync(join(tmpdir(), 'erp4-gpg-'))
  try {
    const child = spawn('gpg', ['--homedir', home, ...common, ...args], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    })
    let words = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-400)))
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) =>
        code === 0 && !signal ? resolve() : reject(new OpsError('program_failed', `gpg ended with ${signal ?? code}: ${words.trim()}`)),
      )
    })
    const secret = child.stdio[3] as Writable
    secret.on('error', () => {}) // told by its end
    secret.end(`${passphrase}\n`)
    try {
      await Promise.all([ended, use(child.stdin, child.stdout)])
    } finally {
      child.kill('SIGKILL')
    }
  } finally {
    // GnuPG leaves an agent for its home behind.
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
    rmSync(home, { recursive: true, force: true })
  }
}
