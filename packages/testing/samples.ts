import { Decimal, type Env, type FieldInfo, type Model, day, moment } from '@erp4/orm'

/** Values for the `n`th record of a model, where those made up from its declaration would break one of its rules. */
export type Samples = {
  readonly [model: string]: (n: number, sys: Env<true>) => Record<string, unknown> | Promise<Record<string, unknown>>
}

/** Values that make `count` valid records of a model: the required fields that nothing else fills in, told apart by `from`. */
export async function sampleValues(
  sys: Env<true>,
  model: Model,
  samples: Samples,
  from: number,
  count: number,
): Promise<Record<string, unknown>[]> {
  const given = samples[model.name]
  const required = [...model.fields.values()].filter(isForUsToFill)
  const links = new Map<FieldInfo, number>()
  // One target serves all records; a model of which there is none yet gets its first.
  if (!given) for (const field of required) if (field.kind === 'many2one') links.set(field, await anyRecord(sys, field.comodel!, samples))
  const values: Record<string, unknown>[] = []
  for (let n = from; n < from + count; n++) {
    values.push(
      given ? await given(n, sys) : Object.fromEntries(required.map((field) => [field.name, links.get(field) ?? sampleValue(field, n)])),
    )
  }
  return values
}

const isForUsToFill = ({ magic, computed, related, options }: FieldInfo): boolean =>
  !magic && !computed && !related && options.required === true && (options.default ?? '') === ''

async function anyRecord(sys: Env<true>, name: string, samples: Samples): Promise<number> {
  const table = sys.model(name as never)
  const [found] = (await table.search([], { limit: 1 })).ids
  if (found !== undefined) return found
  const [values] = await sampleValues(sys, sys.modelOf(name), samples, 1, 1)
  const [made] = (await table.create(values as never)).ids
  return made!
}

/** A value that the field accepts; another one for each `n`, where there are enough of them. */
export function sampleValue({ kind, name, choices, options }: FieldInfo, n: number): unknown {
  switch (kind) {
    case 'char':
    case 'text':
    case 'html':
      return sampleText(name, n, (options['size'] as number | undefined) ?? 80)
    case 'integer':
    case 'float':
      return n
    case 'decimal':
    case 'monetary':
      return Decimal.fromNumber(n)
    case 'boolean':
      return n % 2 === 0
    case 'date':
      return day(new Date(Date.UTC(2100, 0, n)).toISOString().slice(0, 10))
    case 'datetime':
      return moment(new Date(Date.UTC(2100, 0, n, 12)))
    case 'selection':
      return Object.keys(choices!)[0]
    case 'json':
      return { n }
    case 'reference':
      return 'res.partner,1'
    case 'binary':
    case 'many2one':
    case 'one2many':
    case 'many2many':
      return null
  }
}

/** Codes of two or three letters get a digit where they can: no real code has one. */
const sampleText = (name: string, n: number, size: number): string =>
  size < 12 ? n.toString(36).padStart(size, 'z') : `${name} ${n}`.slice(0, size)
