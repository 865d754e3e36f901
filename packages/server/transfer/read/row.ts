import type { Text } from '@erp4/orm'
import type { StoredFile } from '../../files/index.ts'

/** A row of a file, numbered as spreadsheets number it: the first is 1. */
export interface Row {
  readonly number: number
  readonly cells: readonly Text[]
}

/** The part of a stored file that readers need: any bytes of it, as often as they like. */
export type Readable = Pick<StoredFile, 'size' | 'stream'>

/** More columns than any list of fields; a wider file is no table. */
export const mostColumns = 2000
