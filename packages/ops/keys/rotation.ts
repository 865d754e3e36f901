import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { keyObject } from '../backup/manifest.ts'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import { keyId, seal, unseal } from '../sealing.ts'
import type { StorePruner, StoreReader, StoreWriter } from '../stores/store.ts'
import { ensureKey, readKey, writeKey } from './key-file.ts'
import { atEach, fetchObject, instanceKeyContext, instancesWithKeys, objectFile, objectFolder, putObject, versionsIn } from './objects.ts'
import { nextRootFile, noteRoot, rootFile } from './root.ts'

/** One location with the three rights that a rotation of the root key needs there. */
export interface RotationStore {
  reader: StoreReader
  writer: StoreWriter
  pruner: StorePruner
}

export interface RootRotation {
  old: string
  fresh: string
  objects: number
}

/**
 * A new root key: seals every living key object anew, here and in every location, then destroys the old one. What was shredded before
 * is not sealed anew, and whoever has a copy of it has noise from then on. Interrupted or refused by one location, the old root key stays
 * in force; run again, it goes on with the same new one. Needs the old R; the new one lies in the home until it is ejected.
 */
export async function rotateRoot(host: Pick<Host, 'home' | 'keys'>, stores: readonly RotationStore[]): Promise<RootRotation> {
  const { home, keys } = host
  const old = keys.root
  ensureKey(nextRootFile(home))
  const fresh = readKey(nextRootFile(home))
  const objects = livingObjects(home)
  for (const object of objects) sealAnew(home, object, old, fresh)
  for (const store of stores) {
    const [result] = await atEach([store.reader], async () => {
      for (const object of objects) await replace(store, keyObject(object.uuid, object.version), sealAnew(home, object, old, fresh))
    })
    if (result?.error) {
      const { code, message } = result.error
      throw new OpsError(code, `The root key stays as it is, since not every key object could be replaced: ${message} Run this again.`)
    }
  }
  // Those that were made meanwhile, under the old one, too.
  for (const object of livingObjects(home)) {
    sealAnew(home, object, old, fresh)
    if (existsSync(nextFile(home, object))) renameSync(nextFile(home, object), fileOf(home, object))
  }
  writeKey(rootFile(home), fresh)
  noteRoot(home, fresh)
  rmSync(nextRootFile(home))
  keys.lendRoot(fresh)
  return { old: keyId(old), fresh: keyId(fresh), objects: objects.length }
}

/** Whether a rotation of the root key was begun here and not ended. */
export const isRootRotating = (home: Home): boolean => existsSync(nextRootFile(home))

interface KeyObjectName {
  uuid: string
  version: number
}

const livingObjects = (home: Home): KeyObjectName[] =>
  instancesWithKeys(home).flatMap((uuid) => versionsIn(objectFolder(home, uuid)).map((version) => ({ uuid, version })))
const fileOf = (home: Home, { uuid, version }: KeyObjectName): string => objectFile(home, uuid, version)
const nextFile = (home: Home, object: KeyObjectName): string => `${fileOf(home, object)}.next`

/** The object under the new root key: from its file once it is there, else from one beside it, which is made the first time. */
function sealAnew(home: Home, object: KeyObjectName, old: Buffer, fresh: Buffer): Buffer {
  const context = instanceKeyContext(object.uuid, object.version)
  for (const path of [fileOf(home, object), nextFile(home, object)]) {
    const sealed = existsSync(path) ? readFileSync(path) : undefined
    if (sealed && opens(fresh, object, sealed)) return sealed
  }
  const sealed = seal(fresh, context, unseal(old, context, readFileSync(fileOf(home, object))))
  writeDurably(nextFile(home, object), sealed, { mode: 0o600 })
  return sealed
}

/** A location never holds two; it lacks the object for as long as one request takes, and the other locations do not. */
async function replace({ reader, writer, pruner }: RotationStore, name: string, sealed: Buffer): Promise<void> {
  if (await reader.head(name)) {
    if ((await fetchObject(reader, name)).equals(sealed)) return
    await pruner.delete(name)
  }
  await putObject(writer, name, sealed)
}

function opens(root: Buffer, { uuid, version }: KeyObjectName, sealed: Buffer): boolean {
  try {
    unseal(root, instanceKeyContext(uuid, version), sealed)
    return true
  } catch {
    return false // under another root key
  }
}
