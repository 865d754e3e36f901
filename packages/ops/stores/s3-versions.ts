import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3'

export interface HiddenVersion {
  Key: string
  VersionId: string
  isMarker: boolean
}

interface Entry extends HiddenVersion {
  isLatest: boolean
  modified: Date
}

/**
 * What lies under something newer since before `since`, and delete markers under which nothing is left: the trash of a bucket with versions.
 * S3 tells when a version was made, not when it was covered: that is when the next newer one was made.
 */
export async function* hiddenVersions(
  client: S3Client,
  { bucket, prefix }: { bucket: string; prefix: string },
  since: Date,
): AsyncGenerator<HiddenVersion> {
  let newer: Entry | undefined
  for await (const entry of versions(client, bucket, prefix)) {
    const above: Entry | undefined = newer?.Key === entry.Key ? newer : undefined
    // The one before was the last of its key: a marker with nothing under it.
    if (!above && newer && isBareMarker(newer, since)) yield newer
    if (above && above.modified <= since) yield entry
    newer = entry
  }
  if (newer && isBareMarker(newer, since)) yield newer
}

const isBareMarker = ({ isMarker, isLatest, modified }: Entry, since: Date): boolean => isMarker && isLatest && modified <= since

/** By key, the newest first. */
async function* versions(client: S3Client, bucket: string, prefix: string): AsyncGenerator<Entry> {
  let place: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...place }))
    const markers = (page.DeleteMarkers ?? []).map((one) => ({ ...one, isMarker: true }))
    const entries = [...(page.Versions ?? []).map((one) => ({ ...one, isMarker: false })), ...markers].map(
      ({ Key, VersionId, IsLatest, LastModified, isMarker }): Entry => ({
        Key: Key!,
        VersionId: VersionId!,
        isLatest: IsLatest ?? false,
        modified: LastModified!,
        isMarker,
      }),
    )
    yield* entries.toSorted(inOrder)
    if (!page.IsTruncated) return
    place = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
  }
}

function inOrder(a: Entry, b: Entry): number {
  if (a.Key !== b.Key) return Buffer.compare(Buffer.from(a.Key), Buffer.from(b.Key))
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1
  return b.modified.getTime() - a.modified.getTime()
}
