import type { MenuMeta } from '@erp4/orm/views-types'
import type { KnownViews } from './data/views.ts'

/** Who is signed in and what there is, as the page brought it (packages/server/client/start.ts). */
export interface Start {
  readonly session: {
    readonly uid: number
    readonly partner_id: number
    readonly name: string
    readonly username: string
    readonly db: string
    readonly is_system: boolean
    readonly user_context: { readonly lang: string; readonly tz: string }
    readonly user_companies?: {
      readonly current_company: number
      readonly allowed_companies: Readonly<
        Record<string, { readonly id: number; readonly name: string; readonly currency_id: number | false }>
      >
    }
    readonly currencies: Readonly<Record<string, Currency>>
  }
  readonly languages: readonly { readonly code: string; readonly name: string }[]
  /** What stands above every screen of a copy. */
  readonly banner: string | null
  /** Of the fields that people made; another one in an answer means that they are others by now. */
  readonly fields: string
  readonly menus: readonly MenuMeta[]
  /** What this user chose about the client itself, as any of his devices kept it last; see `data/own.ts`. */
  readonly choices: Readonly<Record<string, unknown>>
  readonly views: KnownViews | null
}

export interface Currency {
  readonly name: string
  readonly symbol: string
  readonly position: 'before' | 'after'
  readonly digits: readonly [number, number]
}

const meta = (name: string): HTMLMetaElement | null => document.querySelector(`meta[name="${name}"]`)

export const start: Start = JSON.parse(meta('erp4-start')?.content ?? '{}') as Start

/** For style elements made at run time. The attribute reads as empty to scripts of other origins, the property does not to ours. */
export const nonce = meta('csp-nonce')?.nonce ?? ''

/** A place of this user's own in the browser's storage: several people may share a browser. */
export const storageKey = (name: string): string => `erp4.${start.session.db}.${start.session.uid}.${name}`

export function stored<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(storageKey(name))
    return text === null ? otherwise : (JSON.parse(text) as T)
  } catch {
    // Storage may be off, or hold what an older release wrote.
    return otherwise
  }
}

/** What this user has stored under names that begin so. */
export function storedNames(beginning: string): string[] {
  const full = storageKey(beginning)
  try {
    return Object.keys(localStorage).flatMap((key) => (key.startsWith(full) ? [key.slice(storageKey('').length)] : []))
  } catch {
    // Storage is off.
    return []
  }
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(storageKey(name))
  } catch {
    // Storage is off: there is nothing to forget.
  }
}

export function store(name: string, value: unknown): void {
  try {
    localStorage.setItem(storageKey(name), JSON.stringify(value))
  } catch {
    // Full or off: the setting lasts until the page is left.
  }
}
