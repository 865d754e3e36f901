import { transfer } from '../rpc.ts'

/** How a file is read (`packages/server/transfer/read/file.ts`). */
export interface ReadOptions {
  readonly encoding: string
  readonly delimiter: string
  readonly sheet: string
  readonly hasHeader: boolean
  readonly dateFormat: string
  readonly datetimeFormat: string
  readonly decimal: '.' | ','
  readonly thousand: string
}

export interface Progress {
  readonly done: number
  readonly total: number | false
  readonly isWaiting: boolean
  readonly isEnding: boolean
}

/** An import as the server tells of it; unset is false on the wire. */
export interface ImportTold {
  readonly id: number
  readonly name: string
  readonly res_model: string
  readonly modelLabel: string
  readonly format: 'csv' | 'xlsx'
  readonly options: ReadOptions
  readonly headers: readonly string[]
  readonly columns: readonly (string | false)[]
  readonly keep_good: boolean
  readonly state: 'draft' | 'testing' | 'tested' | 'running' | 'done' | 'failed' | 'cancelled' | 'undoing' | 'undone'
  readonly total: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly failed: number
  readonly removed: number
  readonly restored: number
  readonly kept: number
  readonly message: string | false
  readonly progress: Progress | false
  readonly create_date: string
  readonly sheets?: readonly string[]
  readonly sample?: readonly (readonly (string | number | boolean)[])[]
  readonly user?: string
}

export interface ExportTold {
  readonly id: number
  readonly name: string
  readonly state: 'running' | 'done' | 'failed' | 'cancelled'
  readonly total: number
  readonly rows: number
  readonly done: number
  readonly message: string | false
}

/** Where the file of an export is fetched. */
export const fileOf = ({ id, name }: ExportTold): string => `/web/content/ir.export/${id}/file/${encodeURIComponent(name)}?download=1`

/** Fetches it, as a click on a link to it would. */
export const fetchFile = (told: ExportTold): void =>
  Object.assign(document.createElement('a'), { href: fileOf(told), download: told.name }).click()

export interface FieldChoice {
  readonly path: string
  readonly label: string
  readonly required: boolean
}

export interface CellError {
  readonly id: number
  readonly row: number
  readonly column: string | false
  readonly value: string | false
  readonly message: string
}

/** Asks for how it goes until the work is over; `tell` hears each answer. Ends quietly when `signal` does. */
export async function follow(id: number, tell: (told: ImportTold) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const told = await transfer<ImportTold>('import-status', { id })
    if (signal.aborted) return
    tell(told)
    if (told.progress === false) return
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
}
