import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Manifest } from './manifest.ts'
import type { SignedManifest } from './signed-manifest.ts'

/** Everything of the set lies in the spool: from here on it can be finished by anybody. */
export async function noteSpooled(
  host: Host,
  manifest: Manifest,
  { text, signature }: SignedManifest,
  databaseBytes: number,
): Promise<void> {
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0)
  await host.db.query(
    `update backup_set set state = 'spooled', labels = $2, bytes = $3, database_bytes = $4, manifest = $5, signature = $6 where id = $1`,
    [manifest.set, manifest.labels, bytes, databaseBytes, text, signature],
  )
}

/** A set that will never be one. Its number is not given again. */
export async function fail(host: Host, set: string, error: unknown): Promise<void> {
  const words = error instanceof OpsError ? `${error.code}: ${error.message}` : error instanceof Error ? error.message : String(error)
  const failed = `update backup_set set state = 'failed', error = $2, ended = now(), bytes = null where id = $1 and state <> 'published'`
  await host.db.query(failed, [set, words.slice(0, 500)]).catch(() => {}) // without a registry, the next start finds the set and fails it
}

/** With the first copy that was read back whole. */
export async function notePublished(host: Host, set: string): Promise<void> {
  await host.db.query(`update backup_set set state = 'published', ended = now(), error = null where id = $1 and state = 'storing'`, [set])
}

/** The manifest of a set that was spooled, as it was signed. OpsError `not_found` when there is none. */
export async function readSigned(host: Host, set: string): Promise<SignedManifest> {
  const { rows } = await host.db.query<{ text: string | null; signature: string | null }>(
    'select manifest as text, signature from backup_set where id = $1',
    [set],
  )
  const { text, signature } = rows[0] ?? {}
  if (!text || !signature) throw new OpsError('not_found', `This host holds no manifest of the set ${set}.`)
  return { text, signature }
}
