import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setPrefix, type Manifest } from '../backup/manifest.ts'
import { openRecord } from '../evidence/record.ts'
import { certificateKey, type TrustedKey } from '../retention/stored-sets.ts'
import type { StoreWriter } from '../stores/store.ts'

/**
 * Puts the certificate of a set beside it, where its pruner looks for one: under the id of the record, so that it lies there once however
 * often it is brought. OpsError `set_damaged` when it is no certificate, and of the store when it could not be kept.
 */
export async function keepCertificate(
  writer: StoreWriter,
  manifest: Pick<Manifest, 'instance' | 'taken' | 'set'>,
  line: string,
  trustedKey: TrustedKey,
): Promise<void> {
  const { id } = openRecord(line, 'verifier', trustedKey)
  const bytes = Buffer.from(`${line}\n`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await writer.putIfAbsent(certificateKey(setPrefix(manifest), id), () => Readable.from([bytes]), { length: bytes.length, sha256 })
}
