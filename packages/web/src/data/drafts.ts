import { forget, store, storedNames, stored } from '../start.ts'
import type { Values } from '../fields/widget.ts'

/**
 * What was typed into a form and not saved: kept in this browser for this user of this instance, until it is saved, thrown away, or a week
 * old. Signing out takes all of them away. Passwords, keys and files are never in one (`FormRecord.draft`).
 */
export interface Draft {
  /** When it was last added to, in milliseconds since 1970. */
  readonly at: number
  /** Of the record that was typed over; null for a new one. */
  readonly version: number | null
  readonly values: Values
  readonly lines: Readonly<Record<string, DraftLines>>
}

/** Changes of a list of lines, by the ids of saved lines. */
export interface DraftLines {
  readonly added: readonly Values[]
  readonly changed: readonly (readonly [id: number, values: Values])[]
  readonly removed: readonly number[]
}

const weekMs = 7 * 86_400_000
/** Of a form with pictures of text pasted into it; beyond, the browser's few megabytes are left to others. */
const mostCharacters = 400_000

const nameOf = (model: string, id: number | null): string => `draft.${model}.${id ?? 'new'}`

export function readDraft(model: string, id: number | null): Draft | null {
  const draft = stored<Draft | null>(nameOf(model, id), null)
  return draft !== null && Date.now() - draft.at < weekMs ? draft : null
}

export function keepDraft(model: string, id: number | null, draft: Draft): void {
  if (!isOver && JSON.stringify(draft).length <= mostCharacters) store(nameOf(model, id), draft)
}

export const dropDraft = (model: string, id: number | null): void => forget(nameOf(model, id))

/** Those that nobody came back for. */
export function dropOldDrafts(): void {
  for (const name of storedNames('draft.')) if (Date.now() - (stored<Partial<Draft> | null>(name, null)?.at ?? 0) >= weekMs) forget(name)
}

let isOver = false

/** All of this user's, when he signs out; the page keeps none after that. */
export function dropAllDrafts(): void {
  isOver = true
  for (const name of storedNames('draft.')) forget(name)
}
