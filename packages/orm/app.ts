import type { Access, Group } from './access.ts'
import type { Env } from './env.ts'
import type { Definition } from './model.ts'
import type { Step } from './steps.ts'
import type { Desk, PaperKind } from './papers.ts'
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
  /** The documents that people outside may see. */
  readonly papers: readonly PaperKind[]
  /** Lets them in; of one app. */
  readonly desk: Desk | null
  /** Translations by language: English text → the language's. */
  readonly i18n: { readonly [language: string]: { readonly [english: string]: string } }
  /** Brings an instance to what this release ships with the app: after each migration, as the system, after those it depends on. Run again it changes nothing. */
  readonly data: Loader | null
  /** Fills an instance with examples, each named in `ir.model.data` and flagged there, so that they can be taken away again. */
  readonly examples: Loader | null
  /** What to do first with it, in this order. */
  readonly steps: readonly Step[]
}

export type Loader = (sys: Env<true>) => Promise<void>

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
  papers?: readonly PaperKind[]
  desk?: Desk
  i18n?: App['i18n']
  data?: Loader
  examples?: Loader
  steps?: readonly Step[]
}): App {
  const nothing = {
    version: '1',
    depends: [],
    extensions: [],
    groups: [],
    views: [],
    menus: [],
    papers: [],
    desk: null,
    i18n: {},
    data: null,
    examples: null,
    steps: [],
  }
  return { label: manifest.name, ...nothing, ...manifest }
}

/** What every instance with these apps begins with, and is brought to by each upgrade. */
export async function loadData(sys: Env<true>): Promise<void> {
  for (const { data } of sys.registry.apps) await data?.(sys)
}

/** The examples of all apps. */
export async function loadExamples(sys: Env<true>): Promise<void> {
  for (const { examples } of sys.registry.apps) await examples?.(sys)
}
