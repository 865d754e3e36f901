import { call } from '../rpc.ts'

/** Versions of records that were saved from here, and may not have been read again yet. */
const saved = new Map<string, number>()

/**
 * Writes into a record that is shown, against the version that was read or that the last save of our own made: two moves in a row are no
 * conflict with oneself, and somebody else's change in between still is.
 */
export async function saveShown(
  model: string,
  row: { readonly id: number; readonly [field: string]: unknown },
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  const key = `${model},${row.id}`
  const version = Math.max(Number(row['version'] ?? 0), saved.get(key) ?? 0)
  const [after] = await call<{ version: number }[]>(model, 'web_save', [[row.id], values], {
    specification: { version: {} },
    version: version || null,
  })
  if (after) saved.set(key, after.version)
}
