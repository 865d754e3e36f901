import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { type KnownViews, metaOf } from '../../data/views.ts'

export interface CardField {
  readonly field: FieldMeta
  readonly shown: ShownField
}

/** What the view declares, by what it is for. */
export interface Plan {
  readonly title: CardField
  readonly body: readonly CardField[]
  /** Fields that are added up above a column. */
  readonly sums: readonly string[]
  readonly cover: string | undefined
  readonly stage: string | undefined
  /** Keys whose columns of the stage begin folded. */
  readonly folded: readonly string[]
  /** The method that brings a card into the column of a value of the stage. */
  readonly moves: ReadonlyMap<string, string>
  readonly quick: readonly FieldMeta[] | undefined
  /** How many cards should be in the column of a value of the stage at most. */
  readonly limits: Readonly<Record<string, number>>
}

export function planOf(views: KnownViews): Plan {
  const { fields } = metaOf(views)
  const nodes = views.views['kanban']?.nodes ?? []
  const shown = nodes.flatMap((node) => (node.tag === 'field' && fields[node.field] ? [{ field: fields[node.field]!, shown: node }] : []))
  const [title = { field: fields['display_name']!, shown: { tag: 'field', field: 'display_name' } }, ...body] = shown
  const stage = nodes.find((node) => node.tag === 'stage')
  const quick = nodes.find((node) => node.tag === 'quick')
  return {
    title,
    body,
    sums: shown.flatMap(({ field, shown: { sum } }) => (sum ? [field.name] : [])),
    cover: nodes.flatMap((node) => (node.tag === 'cover' ? [node.field] : []))[0],
    stage: stage?.field,
    folded: stage?.folded ?? [],
    moves: new Map(nodes.flatMap((node) => (node.tag === 'move' ? [[node.to, node.method] as const] : []))),
    limits: Object.fromEntries(nodes.flatMap((node) => (node.tag === 'limit' ? [[node.of, node.most] as const] : []))),
    quick: quick?.fields.flatMap((name) => fields[name] ?? []),
  }
}

/** What a card needs: its fields, and the version against which it is moved. */
export const cardFields = ({ title, body }: Plan): string[] => [
  ...[title, ...body].map(({ field }) => field.name),
  'display_name',
  'version',
]
