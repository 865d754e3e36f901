import { idOf, loadNamed } from '@erp4/base'
import { type Env, type Json, type ModelName, UserError, ValidationError, sanitizeHtml } from '@erp4/orm'

// The texts of a template in all languages at once: to be written by people, and as they come with an app.

export interface Text {
  readonly subject: string
  readonly body: string
}

/** By language, `ko_KR`. */
export type Texts = Readonly<Record<string, Text>>

/** A template that an app brings along. */
export interface StandardTemplate {
  /** The name of its external id. */
  readonly key: string
  readonly model: ModelName
  readonly name: Readonly<Record<'en_US' | 'ko_KR', string>>
  readonly texts: Readonly<Record<'en_US' | 'ko_KR', Text>>
}

const shipped = ['en_US', 'ko_KR'] as const

/**
 * Keeps templates in step with the code: a text that nobody changed becomes the new one, a text that somebody changed stays his; either way it
 * can be reset to what the code says.
 */
export async function loadTemplates(sys: Env<true>, module: string, templates: readonly StandardTemplate[]): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  const models = new Map(
    (await all.model('ir.model').find([['model', 'in', templates.map((one) => one.model)]], ['model'])).map((one) => [one.model, one.id]),
  )
  for (const { key, model, name, texts } of templates) {
    const wanted = Object.fromEntries(shipped.map((lang) => [lang, { subject: texts[lang].subject, body: sanitizeHtml(texts[lang].body) }]))
    const known = await idOf(all, module, key)
    const before = known === undefined ? null : await readTexts(all, known)
    if (before && isSame(before.original, wanted)) continue
    const initial = { name: name.en_US, model_id: models.get(model)!, subject: texts.en_US.subject, body_html: texts.en_US.body }
    const id = (await loadNamed(all, 'mail.template', [{ key, values: {}, initial }], { module })).get(key)!
    const template = (lang: string) => all.withContext({ lang }).model('mail.template').browse([id])
    if (!before) await template('ko_KR').write({ name: name.ko_KR })
    for (const lang of shipped) {
      const isUntouched = !before || isSame(before.texts[lang], before.original?.[lang])
      if (isUntouched) await template(lang).write({ subject: texts[lang].subject, body_html: texts[lang].body })
    }
    await template('en_US').write({ original: wanted })
  }
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

/** A template's texts in each active language, and those it came with. */
export async function readTexts(env: Env, id: number): Promise<{ model: string; texts: Texts; original: Texts | null }> {
  const languages = [...new Set([...shipped, ...env.call.languages])]
  const texts: Record<string, Text> = {}
  let found: { readonly model: string | null; readonly original: unknown } | undefined
  for (const lang of languages) {
    const [row] = await env.withContext({ lang }).model('mail.template').browse([id]).read(['model', 'subject', 'body_html', 'original'])
    if (!row) throw new UserError(env.t('There is no such template, or you may not use it.'))
    found = row
    texts[lang] = { subject: row.subject, body: row.body_html ?? '' }
  }
  return { model: found?.model ?? '', texts, original: asTexts(found?.original) }
}

/** Throws a UserError for a template that came with no app. */
export async function originalOf(env: Env, id: number): Promise<Json> {
  const { original } = await readTexts(env, id)
  if (!original) throw new UserError(env.t('This template was made here: there is no other text to go back to.'))
  return original as unknown as Json
}

const longestBody = 100_000

/** Writes the texts of active languages, as the caller. What is no text, or too long, is a ValidationError. */
export async function writeTexts(env: Env, id: number, given: Json): Promise<void> {
  const texts = asTexts(given)
  if (!texts) throw new ValidationError(env.t('The texts of a template are a subject and a body for each language.'))
  // English first: the others fall back on it.
  for (const [lang, { subject, body }] of Object.entries(texts).toSorted(([a], [b]) => Number(b === 'en_US') - Number(a === 'en_US'))) {
    if (!env.call.languages.includes(lang)) continue
    await env.withContext({ lang }).model('mail.template').browse([id]).write({ subject, body_html: body })
  }
}

function asTexts(value: unknown): Texts | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const isText = (one: unknown): one is Text => {
    const { subject, body } = (one ?? {}) as Partial<Text>
    return typeof subject === 'string' && typeof body === 'string' && subject.length <= 300 && body.length <= longestBody
  }
  return Object.values(value).every(isText) ? (value as Texts) : null
}
