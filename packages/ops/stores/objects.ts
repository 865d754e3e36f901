import { createHash } from 'node:crypto'
import { setPrefix, type Manifest } from '../backup/manifest.ts'
import type { SignedManifest } from '../backup/signed-manifest.ts'

/** One object of a set as every store should hold it. */
export interface SetObject {
  key: string
  bytes: number
  /** Hex. */
  sha256: string
}

/** All objects of a set that lie under its own prefix, in the order in which they are stored: the manifest comes last. */
export function objectsOf(manifest: Manifest, { text, signature }: SignedManifest): SetObject[] {
  const prefix = setPrefix(manifest)
  const own = manifest.parts.filter((part) => part.shared_from === null)
  return [
    ...[...own, ...(manifest.companions ?? [])].map(({ name, bytes, sha256 }) => ({ key: prefix + name, bytes, sha256 })),
    objectOf(`${prefix}manifest.sig`, signature),
    objectOf(`${prefix}manifest.json`, text),
  ]
}

const objectOf = (key: string, text: string): SetObject => ({
  key,
  bytes: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
})
