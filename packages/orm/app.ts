import type { Access, Group } from './access.ts'
import type { Definition } from './model.ts'
import type { ModelName } from './types.ts'
import type { Menu, View } from './views.ts'

type NewModels<D extends readonly Definition<any, any>[]> = D[number] extends infer M
  ? M extends Definition<infer N, any>
    ? N
    : never
  : never

export interface App {
  readonly name: string
  readonly label: string
  readonly version: string
  readonly depends: readonly App[]
  readonly models: readonly Definition<any, any>[]
  readonly extensions: readonly Definition<any, any>[]
  readonly groups: readonly Group[]
  readonly access: { readonly [model: string]: readonly any[] | undefined }
  readonly views: readonly View<any>[]
  readonly menus: readonly Menu[]
  /** Translations by language: English text → the language's. */
  readonly i18n: { readonly [language: string]: { readonly [english: string]: string } }
}

/** What an app is made of: its models, who may do what with them, how they are shown. */
export function app<const D extends readonly Definition<any, any>[]>(manifest: {
  name: string
  label?: string
  version?: string
  depends?: readonly App[]
  models: D
  extensions?: readonly Definition<any, any>[]
  groups?: readonly Group[]
  access: Access<NewModels<D> & ModelName>
  views?: readonly View<any>[]
  menus?: readonly Menu[]
  i18n?: App['i18n']
}): App {
  return { label: manifest.name, version: '1', depends: [], extensions: [], groups: [], views: [], menus: [], i18n: {}, ...manifest }
}
