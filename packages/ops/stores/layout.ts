/**
 * How directory and SFTP stores lie on disk, so that one can be read as the other (the pruner may work at the location itself):
 *   objects/<key>                      the objects, read-only
 *   retain/<key>@20260131T120000Z      an empty file for each promise to keep an object until then; the latest counts
 *   incoming/<ulid>                    what is being written; linked to its name when it is whole
 *   trash/<date>/<ulid>/<key>          what was deleted on that day
 * A promise is a name, not content: it cannot be half written, and one more name extends it without touching what is there.
 */
export const folders = ['objects', 'retain', 'incoming', 'trash'] as const
export type Folder = (typeof folders)[number]

/** A file in `incoming/` that nobody has written to for so long belongs to nobody any more. */
export const abandonedAfterMs = 3_600_000
export const defaultTrashDays = 7
export const pageSize = 1000

/** To the second, rounded up: a promise is never shortened. */
export const retainName = (key: string, until: Date): string =>
  `${key}@${new Date(Math.ceil(until.getTime() / 1000) * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`

/** The latest date that `names`, files beside each other in `retain/`, promise for the object whose last segment is `base`. */
export function retainedUntil(names: readonly string[], base: string): Date | undefined {
  const dates = names.filter((name) => name.startsWith(`${base}@`)).map((name) => dateOf(name.slice(base.length + 1)))
  const latest = Math.max(...dates.map((date) => date.getTime()).filter((time) => !Number.isNaN(time)))
  return Number.isFinite(latest) ? new Date(latest) : undefined
}

const dateOf = (text: string): Date => new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

/** `2026-01-31`: the folder of the trash for what is deleted at `at`. */
export const trashDay = (at: Date): string => at.toISOString().slice(0, 10)

/** Whether a whole `days` days have passed since the end of that day. */
export const mayLeaveTrash = (day: string, now: Date, days: number): boolean =>
  now.getTime() >= Date.parse(`${day}T00:00:00Z`) + (days + 1) * 86_400_000

export interface Entry {
  name: string
  kind: 'file' | 'folder' | 'other'
  /** Of a file, where it came along. */
  length?: number
}

/** A file that a walk came by. */
export interface Found {
  path: string
  length?: number | undefined
}

/**
 * The keys under `prefix` that come after `cursor`, in the order of keys: a walk through a tree of folders, which need not be held in memory.
 * `read` gives the entries of the folder at a path of segments (`''` is the root), none when it is gone.
 */
export async function* walk(read: (folder: string) => Promise<readonly Entry[]>, prefix: string, cursor = ''): AsyncGenerator<Found> {
  yield* descend(read, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, cursor)
}

async function* descend(
  read: (folder: string) => Promise<readonly Entry[]>,
  folder: string,
  prefix: string,
  cursor: string,
): AsyncGenerator<Found> {
  const entries = await read(folder)
  // A folder sorts as its keys do: `a-b/x` comes before `a/x`, since `-` comes before `/`.
  const paths = entries
    .filter(({ kind }) => kind !== 'other')
    .map(({ name, kind, length }) => ({ path: `${folder}${name}${kind === 'folder' ? '/' : ''}`, length }))
  for (const { path, length } of paths.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!path.startsWith(prefix)) continue
    if (!path.endsWith('/')) {
      if (path > cursor) yield { path, length }
    } else if (path > cursor || cursor.startsWith(path)) yield* descend(read, path, prefix, cursor)
  }
}
