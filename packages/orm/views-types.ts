/**
 * What the web client gets to know of models, views and menus: in the user's language, cut to his rights. Types alone, without an import,
 * so that the client can share them.
 */

/** A field as `fields_get` tells it, without what is false or empty. */
export interface FieldMeta {
  readonly name: string
  /** `decimal` is told as `float`, as the protocol does. */
  readonly type: string
  readonly string: string
  readonly help?: string
  readonly required?: true
  readonly readonly?: true
  readonly sortable?: true
  readonly searchable?: true
  readonly groupable?: true
  readonly translate?: true
  readonly relation?: string
  readonly relation_field?: string
  readonly domain?: readonly unknown[]
  readonly selection?: readonly (readonly [string, string])[]
  readonly digits?: readonly [number, number]
  /** Of an amount; of a price, which is no `monetary`, too. */
  readonly currency_field?: string
  /** A number that names something, such as a port: no separators between its digits. */
  readonly ungrouped?: true
  readonly size?: number
  /** Other fields may change with it: a form asks `onchange` after it was changed. */
  readonly follows?: true
  /** Computed, and changed by hand through what it is computed from: every `onchange` must be told that it was. */
  readonly inverse?: true
  /** Passwords and keys: can be given, never read, and kept nowhere on the way. */
  readonly secret?: true
  /** Of a link: a name is enough to make a new target, and the user may make one. */
  readonly creates?: true
  /** Of a link: the user may make a new target, in its form. */
  readonly makes?: true
}

export interface ModelMeta {
  readonly name: string
  readonly label: string
  readonly fields: Readonly<Record<string, FieldMeta>>
  /** What the user may do with some record at least; of one record the server decides when it is done. */
  readonly may: { readonly create: boolean; readonly write: boolean; readonly unlink: boolean }
  readonly hasActive: boolean
  /** Its records are documents, which `/web/paper/<model>/<id>/<name>` prints. */
  readonly hasPaper?: true
}

/** Icons that menus and links may have; the client draws them (`ui/app-icons.ts`). */
export type IconName =
  | 'box'
  | 'building'
  | 'check'
  | 'contacts'
  | 'file'
  | 'file-invoice'
  | 'key'
  | 'mail'
  | 'package'
  | 'phone'
  | 'receipt'
  | 'receipt-refund'
  | 'settings'
  | 'shopping-cart'
  | 'users'
  | 'versions'

/** What a value of a selection says at a glance: done, to be looked at, gone wrong, nothing to see. */
export type Tone = 'good' | 'note' | 'bad' | 'quiet'

export interface ShownField {
  readonly tag: 'field'
  readonly field: string
  readonly label?: string
  readonly widget?: string
  readonly when?: readonly unknown[]
  readonly readonly?: true | readonly unknown[]
  readonly required?: true | readonly unknown[]
  readonly placeholder?: string
  /** Of a link: fields of its target, which must be what these fields of the record say. */
  readonly among?: Readonly<Record<string, string>>
  readonly optional?: 'shown' | 'hidden'
  readonly sum?: true
  /** Of a badge, by the value. */
  readonly tones?: Readonly<Record<string, Tone>>
}

export interface ButtonNode {
  readonly tag: 'button'
  readonly method: string
  readonly label: string
  readonly when: readonly unknown[]
  readonly confirm?: string
  readonly primary?: true
  /** What must hold before it can be done, each with the sentence that says so where it does not. */
  readonly needs?: readonly (readonly [where: readonly unknown[], says: string])[]
}

export type ViewNode =
  | ShownField
  | ButtonNode
  | { readonly tag: 'header'; readonly nodes: readonly ViewNode[] }
  | {
      readonly tag: 'statusbar'
      readonly field: string
      readonly states?: readonly string[]
      /** The method that leads to a step; its button in the header says when. */
      readonly moves?: Readonly<Record<string, string>>
    }
  | { readonly tag: 'title' | 'columns'; readonly columns: readonly (readonly ShownField[])[] }
  | { readonly tag: 'group'; readonly label: string; readonly nodes: readonly ViewNode[]; readonly when?: readonly unknown[] }
  | { readonly tag: 'tab'; readonly label: string; readonly nodes: readonly ViewNode[] }
  | {
      readonly tag: 'lines'
      readonly field: string
      readonly columns: readonly ShownField[]
      readonly readonly?: true
      readonly sequence?: string
      /** While it holds for the document, none is added, moved or removed, and of those there only `but` is changed. */
      readonly settled?: { readonly when: readonly unknown[]; readonly but: readonly string[] }
      /** Lines whose `kind` is one of these are headings and notes, and say `text` over all columns. */
      readonly headings?: { readonly kind: string; readonly text: string; readonly of: readonly string[] }
    }
  | { readonly tag: 'footer'; readonly fields: readonly ShownField[] }
  | {
      readonly tag: 'link'
      readonly label: string
      readonly model: string
      readonly by: string
      readonly count?: string
      readonly icon?: IconName
    }
  | { readonly tag: 'filter'; readonly name: string; readonly label: string; readonly where: readonly unknown[] }
  | { readonly tag: 'period'; readonly name: string; readonly label: string; readonly field: string }
  | { readonly tag: 'group_by'; readonly name: string; readonly label: string; readonly field: string; readonly span?: string }
  | { readonly tag: 'separator' }
  | { readonly tag: 'stage'; readonly field: string; readonly folded: readonly string[] }
  | { readonly tag: 'move'; readonly to: string; readonly method: string }
  /** So many cards should be in the column of `of` at most. */
  | { readonly tag: 'limit'; readonly of: string; readonly most: number }
  | { readonly tag: 'quick'; readonly fields: readonly string[] }
  | { readonly tag: 'cover' | 'from' | 'until' | 'color' | 'measure'; readonly field: string }
  | { readonly tag: 'by' | 'row' | 'column'; readonly field: string; readonly span?: string }

export interface ViewMeta {
  readonly type: string
  readonly nodes: readonly ViewNode[]
  readonly options: Readonly<Record<string, unknown>>
  /** Of a form: what to ask `web_read`, `web_save` and `onchange` for. */
  readonly specification?: Specification
}

/** `{name: {}, partner_id: {fields: {display_name: {}}}}`: what web_read takes. */
export interface Specification {
  readonly [field: string]: { readonly fields?: Specification; readonly limit?: number }
}

/** Everything needed to show a model: its views by type, itself, and the models of its lines. */
export interface ModelViews {
  readonly model: string
  readonly models: Readonly<Record<string, ModelMeta>>
  readonly views: Readonly<Record<string, ViewMeta>>
}

export interface MenuMeta {
  /** The word of its address. */
  readonly path: string
  readonly label: string
  readonly model?: string
  readonly icon?: IconName
  readonly help?: string
  readonly where?: readonly unknown[]
  readonly context?: Readonly<Record<string, unknown>>
  readonly views?: readonly string[]
  /** The user may make records of the model. */
  readonly creates?: true
  readonly children: readonly MenuMeta[]
}
