import { locale } from '../../format.ts'
import { start } from '../../start.ts'

export type Texts = Readonly<Record<string, string>>
export type Kind = 'char' | 'text' | 'integer' | 'float' | 'monetary' | 'boolean' | 'date' | 'datetime' | 'selection' | 'many2one'

export interface Option {
  /** Absent until it was saved. */
  readonly value?: string
  readonly label: Texts
}

/** A field as `define_field` and `redefine_field` of `ir.model.fields` take it. */
export interface Definition {
  readonly model: string
  readonly name: string
  readonly kind: Kind
  readonly label: Texts
  readonly help: Texts
  readonly required: boolean
  readonly default: string | null
  readonly size: number | null
  readonly digits: number | null
  readonly relation: string | null
  readonly onDelete: 'set null' | 'restrict'
  readonly options: readonly Option[]
  readonly groups: readonly number[]
  readonly form: string
  readonly list: 'no' | 'hidden' | 'shown'
  readonly search: boolean
}

export interface Field extends Definition {
  readonly id: number
  readonly phase: 'asked' | 'ready' | 'archived' | 'deleted'
  readonly problem: string | false | null
  readonly deleteAfter: string | false | null
}

export interface ModelChoice {
  readonly model: string
  readonly label: string
  readonly kinds: readonly Kind[]
  readonly places: readonly { readonly name: string; readonly label: string }[]
}

/** What `custom_overview` answers. */
export interface Overview {
  readonly models: readonly ModelChoice[]
  readonly targets: readonly { readonly model: string; readonly label: string }[]
  readonly groups: readonly { readonly id: number; readonly name: string }[]
  readonly fields: readonly Field[]
}

const own = start.session.user_context.lang
const names = new Intl.DisplayNames([locale], { type: 'language' })

/** The user's own language first: it is the one he thinks of the label in. Named as he calls them. */
export const languages: readonly { readonly code: string; readonly name: string }[] = start.languages
  .toSorted((a, b) => Number(b.code === own) - Number(a.code === own))
  .map(({ code, name }) => {
    const [language = code] = code.split(/[_@]/)
    const isOnly = start.languages.filter((one) => one.code.startsWith(`${language}_`)).length === 1
    return { code, name: (isOnly && names.of(language)) || name }
  })

/** In the user's language, else in whichever there is. */
export const said = (texts: Texts): string => texts[own] || texts['en_US'] || Object.values(texts).find((text) => text !== '') || ''

export const blank = (model: string): Definition => ({
  model,
  name: 'x_',
  kind: 'char',
  label: {},
  help: {},
  required: false,
  default: null,
  size: null,
  digits: null,
  relation: null,
  onDelete: 'set null',
  options: [{ label: {} }, { label: {} }],
  groups: [],
  form: 'tab',
  list: 'hidden',
  search: true,
})
