import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { syncFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import { listInstances, rotatePasswords } from '../instances.ts'
import { operation, startOf } from '../operation.ts'
import { deriveKey, keyId, newKey, seal, unseal, type SealContext } from '../sealing.ts'
import { readKey, writeKey } from './key-file.ts'
import { instanceKeyContext } from './objects.ts'

/*
 * A new host key H, in a way that can be cut off anywhere:
 *   host.key.rotating     a rotation is under way
 *   host.key.next         the new key, while everything is sealed anew beside what there is (`….sealed.next`)
 *   its renaming to host.key is the one moment: before it all is undone, after it all is finished, by whoever opens the home next
 * Passwords in the registry get new values in the end, for they cannot be sealed anew in the same moment.
 */
const keyFile = (home: Home): string => join(home.keys, 'host.key')
const nextKeyFile = (home: Home): string => `${keyFile(home)}.next`
const marker = (home: Home): string => `${keyFile(home)}.rotating`

/** Contexts by which the home's own values are sealed under the operating key. */
export const loginContext = (role: string): SealContext => ({ instance: 'host', purpose: `login ${role}`, version: 1 })
export const credentialsContext = (location: string, role: string): SealContext => ({
  instance: 'host',
  purpose: `store ${location} ${role}`,
  version: 1,
})
export const checkContext: SealContext = { instance: 'host', purpose: 'check', version: 1 }

/** Whether a rotation of H was begun here and not ended. */
export const isHostKeyRotating = (home: Home): boolean => existsSync(marker(home))

/** Whether whoever began it is gone: what somebody has in hand is left to him. */
function isInterrupted(home: Home): boolean {
  if (!isHostKeyRotating(home)) return false
  const [pid, began] = readFileSync(marker(home), 'utf8').split(' ')
  return startOf(Number(pid)) !== began
}

/**
 * A new host key: whatever this host has under the old one is under the new one from then on, and the old one opens nothing any more. Instances' roles
 * get new passwords. Services that were given their key when they started have to be renewed. Killed, it is undone or finished at the next start.
 */
export function rotateHostKey(host: Host): Promise<{ old: string; fresh: string }> {
  return operation(host.db, 'host key', 'rotate host key', async () => {
    const old = readKey(keyFile(host.home))
    const fresh = newKey()
    stageHostKey(host.home, old, fresh)
    commitHostKey(host.home)
    settle(host.home)
    await renewPasswords(host)
    return { old: keyId(old), fresh: keyId(fresh) }
  })
}

/** Seals everything anew beside what there is; nothing counts yet. */
export function stageHostKey(home: Home, old: Uint8Array, fresh: Uint8Array): void {
  writeDurably(marker(home), `${process.pid} ${startOf(process.pid)}`, { mode: 0o600 })
  writeKey(nextKeyFile(home), fresh)
  for (const { path, part, context } of sealedFiles(home)) {
    const plain = unseal(deriveKey(old, part), context, readFileSync(path))
    const { mode, gid } = statSync(path)
    writeDurably(`${path}.next`, seal(deriveKey(fresh, part), context, plain), { mode: mode & 0o777, gid })
  }
}

/** From here on the new key counts. */
export function commitHostKey(home: Home): void {
  renameSync(nextKeyFile(home), keyFile(home))
  syncFolder(home.keys)
}

/** Brings the files of a home to one key after an interruption, whichever counts: to be called before anything is opened with it. */
export function settleFiles(home: Home): void {
  if (isInterrupted(home)) settle(home)
}

function settle(home: Home): void {
  const isUndone = existsSync(nextKeyFile(home))
  for (const path of stagedFiles(home)) {
    if (isUndone) rmSync(`${path}.next`)
    else renameSync(`${path}.next`, path)
  }
  if (!isUndone) return
  rmSync(nextKeyFile(home))
  rmSync(marker(home))
}

/** Ends an interrupted rotation whose files are settled. */
export async function settleHostKey(host: Host): Promise<void> {
  if (isInterrupted(host.home)) await renewPasswords(host)
}

/** Those that the registry holds were sealed under the key that is gone. */
async function renewPasswords(host: Host): Promise<void> {
  for (const { name } of await listInstances(host)) await rotatePasswords(host, name)
  rmSync(marker(host.home))
}

interface SealedFile {
  path: string
  /** What of H seals it. */
  part: 'serving' | 'operating'
  context: SealContext
}

/** All that lies under H in a home. */
function sealedFiles(home: Home): SealedFile[] {
  const own = (folder: string, context: (name: string) => SealContext): SealedFile[] =>
    namesIn(join(home.keys, folder)).map((name) => ({
      path: join(home.keys, folder, `${name}.sealed`),
      part: 'operating',
      context: context(name),
    }))
  const store = (name: string) => {
    const at = name.lastIndexOf('.')
    return credentialsContext(name.slice(0, at), name.slice(at + 1))
  }
  const served = foldersIn(join(home.keys, 'host')).flatMap((uuid) =>
    namesIn(join(home.keys, 'host', uuid)).map((version): SealedFile => ({
      path: join(home.keys, 'host', uuid, `${version}.sealed`),
      part: 'serving',
      context: instanceKeyContext(uuid, Number(version)),
    })),
  )
  return [
    { path: join(home.keys, 'check.sealed'), part: 'operating', context: checkContext },
    ...own('logins', loginContext),
    ...own('stores', store),
    ...served,
  ]
}

const stagedFiles = (home: Home): string[] => sealedFiles(home).flatMap(({ path }) => (existsSync(`${path}.next`) ? [path] : []))

const foldersIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])
const namesIn = (folder: string): string[] => foldersIn(folder).flatMap((name) => /^(.+)\.sealed$/.exec(name)?.[1] ?? [])
