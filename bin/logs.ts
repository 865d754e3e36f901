import { constants, copyFileSync, openSync, renameSync, statSync, truncateSync } from 'node:fs'

/** A service's log and the one before it take at most twice this, and what is written between two looks. */
export const maxLogBytes = 50 * 2 ** 20

/** For appending by a process of ours, whoever it runs as. */
export const openLog = (path: string): number => openSync(path, 'a', 0o600)

/**
 * Begins a log anew that has become too long; what it held goes to `<path>.1`. The process that writes it goes on in the same file,
 * which it appends to, and need not be told. A line that is written in the moment between copying and cutting is lost.
 */
export function rotateLog(path: string, maxBytes = maxLogBytes): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size <= maxBytes) return false
  copyFileSync(path, `${path}.new`, constants.COPYFILE_FICLONE)
  truncateSync(path)
  renameSync(`${path}.new`, `${path}.1`)
  return true
}
