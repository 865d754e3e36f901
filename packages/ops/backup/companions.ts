import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../files.ts'
import type { Manifest } from './manifest.ts'

/** What lies in every set for whoever has it, its key, and nothing of ours: a page of text and a program in another language. */
const names = ['READ-ME.txt', 'open_backup.py'] as const

/** Puts them into the spool; the manifest names them with their digests, since somebody may run the program. */
export function writeCompanions(folder: string): NonNullable<Manifest['companions']> {
  return names.map((name) => {
    const content = readFileSync(join(import.meta.dirname, '..', 'envelope', name))
    writeDurably(join(folder, name), content, { mode: 0o600 })
    return { name, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }
  })
}
