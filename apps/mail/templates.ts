import { isReadable } from '@erp4/base'
import { AccessError, type Env, type FieldInfo, type Registry, UserError, ValidationError, readableField, sanitizeHtml } from '@erp4/orm'
import { type Currency, escapeHtml, showValue } from './show.ts'
import { recipientsOf } from './recipients.ts'

/**
 * `{{ partner_id.name }}`: a path of the record's fields, of up to four steps, and nothing else: no filters, no conditions, no code.
 * `sender.`, `recipient.` and `company.` begin paths of who writes, who gets it, and the record's company. `object.` may stand before a path
 * of the record, as in templates of other systems.
 */
const placeholder = /\{\{([^{}]*)\}\}/g
const pathShape = /^\s*(?:object\.)?([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*){0,3})\s*$/

const roots = { sender: 'res.users', recipient: 'res.partner', company: 'res.company' } as const
type Root = keyof typeof roots

/** One placeholder, understood: where it begins, and its steps. */
interface Place {
  readonly text: string
  readonly root: Root | 'record'
  readonly steps: readonly string[]
}

function placesIn(text: string): Place[] {
  return [...text.matchAll(placeholder)].map(([whole, inner]) => {
    const steps = pathShape.exec(inner!)?.[1]?.split('.')
    if (!steps) throw new ValidationError(`${whole.slice(0, 80)} is no placeholder: between the braces stands the path of a field.`)
    const [head = '', ...rest] = steps
    return head in roots && rest.length > 0 ? { text: whole, root: head as Root, steps: rest } : { text: whole, root: 'record', steps }
  })
}

/** The field at the end of a path along to-one relations. Throws ValidationError naming the placeholder. */
function endOf(registry: Registry, modelName: string, { text, steps }: Place): FieldInfo {
  let model = registry.models.get(modelName)
  for (const [i, step] of steps.entries()) {
    const field: FieldInfo | undefined = model?.fields.get(step)
    const isLast = i === steps.length - 1
    const isShown = field && !field.options.secret && !unshown.has(field.kind)
    if (!isShown || (!isLast && field.kind !== 'many2one'))
      throw new ValidationError(`${text.slice(0, 80)} is not something that ‘${model?.label ?? modelName}’ could put into a letter.`)
    if (isLast) return field
    model = registry.models.get(field.comodel!)
  }
  throw new ValidationError(`${text.slice(0, 80)} is no placeholder.`)
}

/** Throws ValidationError for a text with a placeholder that stands for nothing. */
export function checkPlaceholders({ registry }: Env, model: string, texts: readonly string[]): void {
  for (const text of texts) for (const place of placesIn(text)) endOf(registry, place.root === 'record' ? model : roots[place.root], place)
}

/** Characters of a letter that is filled in: as many as a message may have. */
const longestLetter = 500_000

const unshown = new Set(['one2many', 'many2many', 'binary', 'json', 'reference'])

/** What a template about a model's records may show without a further step, for whoever writes one: what he may read himself. */
export function placesOf(env: Env, model: string): { path: string; label: string }[] {
  const found = env.registry.models.get(model)
  if (!found) return []
  const own = [...found.fields.values()].filter(
    (field) =>
      !field.magic && field.name !== 'id' && !field.options.secret && !unshown.has(field.kind) && readableField(env, found, field.name),
  )
  const rooted = (Object.keys(roots) as Root[]).flatMap((root) =>
    ['name', 'email', 'phone'].map((name) => ({
      path: `${root}.${name}`,
      label: `${rootLabel(env, root)}: ${env.t(labelOf(env, root, name))}`,
    })),
  )
  return [...own.map((field) => ({ path: field.name, label: env.t(field.label) })), ...rooted].toSorted((a, b) =>
    a.label.localeCompare(b.label),
  )
}

const rootLabel = (env: Env, root: Root): string =>
  root === 'sender' ? env.t('Sender') : root === 'recipient' ? env.t('Recipient') : env.t('Company')
const labelOf = ({ registry }: Env, root: Root, name: string): string => registry.models.get(roots[root])?.fields.get(name)?.label ?? name

export interface RenderOptions {
  /** The record the letter is about. */
  readonly id: number
  /** An installed language; null for the recipient's, in whose absence the caller's. */
  readonly language: string | null
  /** A partner: what `recipient.` stands for. */
  readonly recipient: number | null
  /** Leaves `{{ recipient.… }}` as it stands: the text goes to several people, and is filled in for each. */
  readonly keepsRecipient?: boolean
}

export interface Rendered {
  readonly subject: string
  /** Formatted text; values in it are escaped. */
  readonly body: string
  readonly language: string
}

/**
 * Fills a template in with a record's values as the caller may read them, written as the language writes money, dates and choices.
 * @throws AccessError where he may not read the record or a field that the template shows; UserError where it is for other records
 */
export async function renderTemplate(env: Env, templateId: number, options: RenderOptions): Promise<Rendered> {
  const language = await languageOf(env, options)
  const [template] = await env
    .withContext({ lang: language })
    .model('mail.template')
    .browse([templateId])
    .read(['model', 'subject', 'body_html'])
  if (!template?.model) throw new AccessError(env.t('There is no such template, or you may not use it.'))
  const texts = { subject: template.subject, body: template.body_html ?? '' }
  return renderText(env, template.model, texts, { ...options, language })
}

/** The same for words that are in no template, about a record of `model`: whoever writes them may use placeholders as a template does. */
export async function renderText(
  env: Env,
  model: string,
  texts: { readonly subject: string; readonly body: string },
  options: RenderOptions,
): Promise<Rendered> {
  const language = await languageOf(env, options)
  const spoken = env.withContext({ lang: language })
  if (!(await isReadable(spoken, model, options.id)))
    throw new AccessError(env.t('You may not read the record that this letter is about, or it no longer exists.'))
  return { ...(await fill(spoken, { model, id: options.id }, options, texts)), language }
}

async function languageOf(env: Env, { language, recipient }: RenderOptions): Promise<string> {
  if (language !== null) return env.call.languages.includes(language) ? language : env.context.lang
  if (recipient === null) return env.context.lang
  return env.asSystem(
    'a letter is written in its reader’s language',
    async (sys) => (await recipientsOf(sys, [recipient]))[0]?.lang ?? env.context.lang,
  )
}

/** To whom a letter about the record usually goes: its partner, where it has one that the caller may see. */
export async function partnerOf(env: Env, model: string, id: number): Promise<number | null> {
  if (env.registry.models.get(model)?.fields.get('partner_id')?.comodel !== 'res.partner') return null
  const [row] = await rowsOf(env, { model, id }, ['partner_id'])
  return (row?.['partner_id'] as number | null | undefined) ?? null
}

interface RecordName {
  readonly model: string
  readonly id: number
}

/** Subject and body with their placeholders replaced. */
async function fill(
  env: Env,
  record: RecordName,
  { recipient, keepsRecipient }: RenderOptions,
  texts: { readonly subject: string; readonly body: string },
): Promise<{ subject: string; body: string }> {
  // Each once, however often it is named.
  const all = [...new Map([...placesIn(texts.subject), ...placesIn(texts.body)].map((place) => [place.text, place])).values()]
  const places = keepsRecipient ? all.filter(({ root }) => root !== 'recipient') : all
  const values = new Map<string, { text: string; isHtml: boolean }>()
  for (const [root, mine] of Map.groupBy(places, (place) => place.root)) {
    const start = root === 'record' ? record : await startOf(env, root, record, recipient)
    const found = await read(env, start, mine)
    for (const [text, value] of found) values.set(text, value)
  }
  const replaced = (text: string, show: (value: { text: string; isHtml: boolean }) => string): string => {
    let length = text.length
    return text.replaceAll(placeholder, (whole) => {
      const shown = show(values.get(whole) ?? { text: whole, isHtml: false })
      length += shown.length
      // A long text that is named ten thousand times is more than fits into the memory.
      if (length > longestLetter) throw new ValidationError(env.t('This message is too long.'))
      return shown
    })
  }
  return {
    subject: replaced(texts.subject, ({ text, isHtml }) => (isHtml ? '' : text))
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
      .trim(),
    // Cleaned again: a value may have come into an address.
    body: sanitizeHtml(replaced(texts.body, ({ text, isHtml }) => (isHtml ? text : escapeHtml(text)))),
  }
}

async function startOf(env: Env, root: Root, record: RecordName, recipient: number | null): Promise<RecordName> {
  if (root === 'sender') return { model: 'res.users', id: env.user.id }
  if (root === 'recipient') return { model: 'res.partner', id: recipient ?? env.user.partner_id }
  const field = env.registry.models.get(record.model)?.fields.get('company_id')
  const [found] = field ? await rowsOf(env, record, ['company_id']) : []
  return { model: 'res.company', id: (found?.['company_id'] as number | null | undefined) ?? env.me.company_id }
}

/** The values of some paths of one record, as text, by placeholder. */
async function read(env: Env, start: RecordName, places: readonly Place[]): Promise<[string, { text: string; isHtml: boolean }][]> {
  const ends = places.map((place) => ({ place, field: endOf(env.registry, start.model, place) }))
  const paths = ends.flatMap(({ place, field }) => [pathTo(place, field), ...currencyPaths(place, field)])
  const [row] = await rowsOf(env, start, [...new Set(paths)])
  return ends.map(({ place, field }) => {
    const value = valueAt(row, pathTo(place, field))
    const [name, decimal_places] = currencyPaths(place, field).map((path) => valueAt(row, path))
    const currency = typeof name === 'string' ? ({ name, decimal_places } as Currency) : null
    return [place.text, { text: asData(showValue(env, field, value, currency)), isHtml: field.kind === 'html' }]
  })
}

/**
 * A value that holds no placeholder, whatever stands before and after it: letters are filled in once to be looked at, and again when they are
 * sent. A customer who calls himself `{{ object.comment }}` is called so; between the braces stands a sign that nobody sees (U+2060).
 */
const asData = (text: string): string => text.replaceAll(/^(?=\{)|(?<=\{)(?=\{|$)/g, '\u2060')

/** To a record's name where the path ends at a link. */
const pathTo = ({ steps }: Place, field: FieldInfo): string => [...steps, ...(field.kind === 'many2one' ? ['display_name'] : [])].join('.')

function currencyPaths({ steps }: Place, field: FieldInfo): string[] {
  if (field.kind !== 'monetary') return []
  const currency = [...steps.slice(0, -1), String(field.options['currency'] ?? 'currency_id')].join('.')
  return ['name', 'decimal_places'].map((name) => `${currency}.${name}`)
}

type Row = Readonly<Record<string, unknown>>

/** Records whose model only the registry knows. What a caller may not read is missing, and a protected field is an error of his. */
async function rowsOf(env: Env, { model, id }: RecordName, paths: readonly string[]): Promise<Row[]> {
  if (paths.length === 0) return []
  const table = env.withContext({ active_test: false }).model(model as never) as unknown as {
    browse(ids: number[]): { read(paths: readonly string[]): Promise<Row[]> }
  }
  const rows = await table.browse([id]).read(paths)
  if (rows.length === 0) throw new UserError(env.t('You may not read everything that this letter would tell.'))
  return rows
}

const valueAt = (row: Row | undefined, path: string): unknown =>
  path.split('.').reduce<unknown>((at, step) => (at === null || at === undefined ? null : (at as Row)[step]), row)
