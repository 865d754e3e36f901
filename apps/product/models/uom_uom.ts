import { Decimal, type Env, type ModelFields, UserError, boolean, char, decimal, integer, many2one, model } from '@erp4/orm'

/**
 * A unit of measure. One of it is `relative_factor` of another unit, and so on to the reference unit of its category, which is measured by
 * none. The factors are exact decimals and never change, so that converting quantities invents nothing.
 */
export const uom_uom = model('uom.uom', {
  label: 'Unit of Measure',
  order: 'sequence, id',
  fields: {
    name: char({ label: 'Unit Name', required: true, translate: true }),
    sequence: integer({ required: true, default: 100 }),
    category_id: many2one('uom.category', { label: 'Category', ondelete: 'cascade', index: true, help: 'That of the reference unit.' }),
    relative_factor: decimal({
      digits: 12,
      required: true,
      default: Decimal.of(1),
      label: 'Contains',
      help: 'How many of the reference unit one of this is.',
    }),
    relative_uom_id: many2one('uom.uom', {
      label: 'Reference Unit',
      ondelete: 'restrict',
      index: true,
      help: 'Empty for the unit that the others are measured by.',
    }),
    factor: decimal({
      compute: 'stored',
      label: 'Absolute Quantity',
      help: 'How many of the reference unit of the category one of this is.',
    }),
    rounding: decimal({
      digits: 12,
      required: true,
      default: Decimal.of('0.01'),
      label: 'Rounding Precision',
      help: 'Converted quantities are multiples of this.',
    }),
    active: boolean({ default: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'uom.uom': UomUom
  }
  interface UomUom extends ModelFields<typeof uom_uom> {}
}

/** What a decimal of ours can hold behind the point. */
const mostDigits = 20

uom_uom.compute('factor', ['relative_factor', 'relative_uom_id.factor'], (unit) =>
  unit.relative_factor.times(unit.relative_uom_id?.factor ?? Decimal.of(1)).round(mostDigits),
)

uom_uom.constrain(
  ['relative_factor', 'rounding', 'factor', 'relative_uom_id.factor', 'relative_uom_id.category_id', 'category_id'],
  (unit) => {
    const { relative_factor: own, relative_uom_id: reference, rounding } = unit
    if (!own.isMore(Decimal.of(0)) || !rounding.isMore(Decimal.of(0))) return 'What a unit contains, and its rounding, are more than zero.'
    if (unit.category_id === null) return 'A unit belongs to a category.'
    if (reference === null) return own.equals(Decimal.of(1)) || 'A unit that is measured by no other contains one of itself.'
    if (reference.category_id !== unit.category_id) return 'A unit is measured by one of its own category.'
    const exact = own.times(reference.factor ?? Decimal.of(1))
    return (
      exact.equals(unit.factor ?? exact) || 'This unit cannot be measured exactly: it has too many digits. Measure it by a smaller unit.'
    )
  },
)

/** A unit that is measured by another is of its category; one that is measured by none begins a category of its own name. */
uom_uom.prepare(async (env, list) => {
  if (list.every((given) => given['category_id'])) return list
  const references = list
    .filter(lacksCategory)
    .map((given) => given['relative_uom_id'])
    .filter((id): id is number => typeof id === 'number' && id > 0)
  const known = new Map((await env.model('uom.uom').browse(references).read(['category_id'])).map((unit) => [unit.id, unit.category_id]))
  const made = await newCategories(
    env,
    list.filter((given) => lacksCategory(given) && !given['relative_uom_id']),
  )
  return list.map((given) => {
    if (!lacksCategory(given)) return given
    const category = made.get(given) ?? known.get(given['relative_uom_id'] as number)
    return category === undefined ? given : { ...given, category_id: category }
  })
})

type Given = Readonly<Record<string, unknown>>

const lacksCategory = (given: Given): boolean => !given['category_id']

async function newCategories(env: Env, list: readonly Given[]): Promise<Map<Given, number>> {
  if (list.length === 0) return new Map()
  const { ids } = await env.model('uom.category').create(list.map(({ name }) => ({ name: typeof name === 'string' ? name : '' })))
  return new Map(list.map((given, i) => [given, ids[i]!]))
}

/** The unit that things are counted in unless somebody says otherwise: the first one. */
export async function firstUnit(env: Env): Promise<number> {
  const [id] = (await env.model('uom.uom').search([], { order: 'sequence, id', limit: 1 })).ids
  if (id === undefined) throw new UserError(env.t('There is no unit of measure yet. Make one first.'))
  return id
}
