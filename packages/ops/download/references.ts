import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findPostgres } from '../binaries.ts'
import { OpsError } from '../errors.ts'
import type { Home } from '../home.ts'

/** Where a file is used: the record and its field, as people know them. */
export interface FileUse {
  model: string
  id: number
  field: string
  /** What people called it. */
  name?: string
}

/** A file as the dump has it. */
export interface DumpedFile {
  hash: string
  size: number
  wrappedKey: Buffer
  mimetype: string
  used_by: FileUse[]
}

/**
 * Reads from a dump, without loading it, which files there are, their wrapped keys, and which records use them: the rows of `blob` and of
 * every table that refers to it. In the order of their names. `dump` is a custom-format dump that was found authentic.
 */
export async function readDumpedFiles(home: Home, dump: string): Promise<DumpedFile[]> {
  const references = await readReferences(home, dump)
  const files = new Map<string, DumpedFile>()
  const uses: { hash: string; use: FileUse }[] = []
  for await (const { table, row } of readRows(home, dump, ['blob', ...references.keys()])) {
    if (table === 'blob') {
      const { hash, size, wrapped_key, mimetype } = row as Record<string, string>
      // A row without a key holds a name for a collector; no file belongs to it.
      if (wrapped_key!.length > 2) {
        const wrappedKey = Buffer.from(wrapped_key!.slice(2), 'hex')
        files.set(hash!, { hash: hash!, size: Number(size), wrappedKey, mimetype: mimetype!, used_by: [] })
      }
    } else for (const column of references.get(table)!) if (row[column]) uses.push({ hash: row[column], use: useOf(table, column, row) })
  }
  for (const { hash, use } of uses) files.get(hash)?.used_by.push(use)
  return [...files.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1))
}

type Row = Record<string, string | null>

/** An attachment is used by the record that it hangs on; any other row by itself. */
function useOf(table: string, column: string, row: Row): FileUse {
  const name = row['name'] ? { name: row['name'] } : {}
  if (table === 'ir_attachment' && row['res_model'])
    return { model: row['res_model'], id: Number(row['res_id']), field: row['res_field'] ?? 'attachment', ...name }
  return { model: table.replaceAll('_', '.'), id: Number(row['id']), field: column, ...name }
}

/** Columns that refer to `blob`, by table: from the foreign keys of the dump, so that no list has to be kept. */
async function readReferences(home: Home, dump: string): Promise<Map<string, string[]>> {
  const references = new Map<string, string[]>()
  let table = ''
  for await (const line of restored(home, ['--section=post-data', dump])) {
    const begun = /^ALTER TABLE (?:ONLY )?public\.(\w+)$/.exec(line)?.[1]
    if (begun) table = begun
    const column = /FOREIGN KEY \((\w+)\) REFERENCES public\.blob\(hash\)/.exec(line)?.[1]
    if (column) references.set(table, [...(references.get(table) ?? []), column])
  }
  return references
}

/** The rows of some tables, as COPY writes them (PostgreSQL's documentation, "Text Format"). */
async function* readRows(home: Home, dump: string, tables: readonly string[]): AsyncGenerator<{ table: string; row: Row }> {
  let table = ''
  let columns: string[] | undefined
  for await (const line of restored(home, ['--data-only', '--schema=public', ...tables.map((name) => `--table=${name}`), dump])) {
    if (!columns) {
      const [, name, list] = /^COPY public\.(\w+) \((.*)\) FROM stdin;$/.exec(line) ?? []
      if (name) [table, columns] = [name, list!.split(', ').map((one) => one.replace(/^"(.*)"$/, '$1'))]
    } else if (line === '\\.') columns = undefined
    else {
      const values = line.split('\t').map(plainValue)
      yield { table, row: Object.fromEntries(columns.map((column, i) => [column, values[i] ?? null])) }
    }
  }
}

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const plainValue = (value: string): string | null =>
  value === '\\N' ? null : value.replaceAll(/\\(.)/g, (_all, one: string) => letters[one] ?? one)

/** The lines of what pg_restore writes; it connects to nothing. Throws unless it ends well. */
async function* restored(home: Home, args: readonly string[]): AsyncGenerator<string> {
  const { dir } = findPostgres(home.facts().postgres)
  const child = spawn(join(dir, 'pg_restore'), ['--file=-', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-400)))
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 && !signal ? '' : `ended with ${signal ?? code}: ${words.trim()}`))
  })
  try {
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity })
    const fault = await ended
    if (fault) throw new OpsError('set_damaged', `pg_restore cannot read the dump: ${fault}`)
  } finally {
    child.kill('SIGKILL')
  }
}
