import { type Env, type Model, describeField, readableField } from '@erp4/orm'
import { say } from './says.ts'

/** A field that a column of a file can fill or show, by its path: `order_line/product_id/id`. */
export interface FieldChoice {
  readonly path: string
  /** In the caller's language: `Order Lines / Product / External ID`. */
  readonly label: string
  readonly kind: string
  readonly required: boolean
  readonly help?: string
  /** Other names it goes by: its technical and English ones. */
  readonly aliases: readonly string[]
}

/** Deeper paths are names of names: nobody's file has them. */
const mostDepth = 2

/** What files can fill, for this caller: protected, computed and read-only fields are left out. */
export const importFields = (env: Env, model: Model): FieldChoice[] => choices(env, model, 'import')

/** What files can show, for this caller: what he may read. */
export const exportFields = (env: Env, model: Model): FieldChoice[] => choices(env, model, 'export')

function choices(env: Env, model: Model, purpose: 'import' | 'export', depth = 0): FieldChoice[] {
  const own = (path: 'id' | '.id'): FieldChoice => {
    const label = path === 'id' ? 'External ID' : 'Database ID'
    return {
      path,
      label: say(env.context.lang, label),
      kind: 'char',
      required: false,
      aliases: [path, label, ...(path === 'id' ? ['xml id'] : [])],
    }
  }
  const named = [...model.fields.values()].flatMap((field) => {
    const { name } = field
    if (name === 'id' || (purpose === 'import' && field.magic)) return []
    const known = describeOrNot(env, model, name)
    if (!known || known['exportable'] !== true || (purpose === 'import' && (known['readonly'] === true || known['type'] === 'json')))
      return []
    const kind = String(known['type'])
    const help = known['help'] === undefined ? {} : { help: String(known['help']) }
    const choice: FieldChoice = {
      path: name,
      label: String(known['string']),
      kind,
      required: known['required'] === true && field.options.default === undefined,
      aliases: [name, field.label],
      ...help,
    }
    const comodel = known['relation'] === undefined ? undefined : env.registry.models.get(String(known['relation']))
    if (!comodel) return [choice]
    if (kind === 'one2many') {
      if (depth + 1 >= mostDepth) return []
      // A line's way back to its document is the document's row.
      return choices(env, comodel, purpose, depth + 1)
        .filter(({ path }) => path !== field.inverse && !path.startsWith(`${field.inverse}/`))
        .map((inner) => below(choice, inner))
    }
    return [choice, ...[own('id'), own('.id')].map((inner) => below({ ...choice, required: false }, inner))]
  })
  return [own('id'), own('.id'), ...named.sort((a, b) => Number(b.required) - Number(a.required) || a.label.localeCompare(b.label, 'und'))]
}

function describeOrNot(env: Env, model: Model, name: string): Record<string, unknown> | undefined {
  const field = readableField(env, model, name)
  return field && describeField(env, field)
}

const below = (above: FieldChoice, inner: FieldChoice): FieldChoice => ({
  ...inner,
  path: `${above.path}/${inner.path}`,
  label: `${above.label} / ${inner.label}`,
  required: false,
  aliases: inner.aliases.map((alias, i) => `${above.aliases[i] ?? above.aliases[0]!}/${alias}`),
})

/** Small and without the signs that people write or leave out: `Order_Lines / Product` is `orderlines/product`. */
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}/.]/gu, '')

/** For each header the field it most likely means, each field once; null where none comes near. */
export function suggestColumns(headers: readonly string[], fields: readonly FieldChoice[]): (string | null)[] {
  const names = fields.flatMap(({ path, label, aliases }) => [path, label, ...aliases].map((name) => [plain(name), path] as const))
  const exact = new Map([...names].reverse())
  const used = new Set<string>()
  const take = (path: string | undefined): string | null => {
    if (path === undefined || used.has(path)) return null
    used.add(path)
    return path
  }
  const first = headers.map((header) => take(exact.get(plain(header))))
  return first.map((found, i) => found ?? take(nearest(plain(headers[i]!), names, used)))
}

function nearest(header: string, names: readonly (readonly [string, string])[], used: ReadonlySet<string>): string | undefined {
  let best: { path: string; score: number } | undefined
  for (const [name, path] of names) {
    if (used.has(path)) continue
    const score = likeness(header, name)
    if (score >= 0.75 && score > (best?.score ?? 0)) best = { path, score }
  }
  return best?.path
}

/** Shared pairs of letters, 0 to 1 (Dice). */
function likeness(a: string, b: string): number {
  if (a.length < 3 || b.length < 3) return 0
  const [left, right] = [pairs(a), pairs(b)]
  return (2 * [...left].filter((pair) => right.has(pair)).length) / (left.size + right.size)
}

const pairs = (text: string): Set<string> => new Set(Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2)))
