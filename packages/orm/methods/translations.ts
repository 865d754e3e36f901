import type { Env } from '../env.ts'
import { ArgumentError, UserError, ValueError, shown } from '../errors.ts'
import { checkIds, lockRecords } from '../operations/lock.ts'
import { mark } from '../operations/recompute.ts'
import { writeRecords } from '../operations/write.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { readableField, settableField } from '../rules.ts'
import { forgetTranslations, storedTranslations } from '../sql/translations.ts'
import { method } from './method.ts'

export const translationMethods = {
  /** `[[{lang, source, value}, …], {translation_type, translation_show_source}]` of one record; `value` is empty where the language has no text of its own. */
  get_field_translations: method(
    'record',
    ['field_name', 'langs=null'],
    async (env, model, ids, { field_name, langs }) => {
      const field = translated(model, field_name, readableField(env, model, shown(field_name, 200)))
      const wanted = langs === null || langs === false ? env.call.languages : demandLanguages(env, langs)
      if (ids.length !== 1) throw new ArgumentError('get_field_translations() takes one record')
      await checkIds(env, model, ids, 'read')
      const [row] = await env.cx.query<{ texts: Record<string, string> }>(storedTranslations(model, field, ids))
      const texts = row?.texts ?? {}
      const source = texts['en_US'] ?? ''
      return [
        wanted.map((lang) => ({ lang, source, value: texts[lang] ?? '' })),
        { translation_type: field.kind === 'char' ? 'char' : 'text', translation_show_source: false },
      ]
    },
    { readonly: true },
  ),

  /** `{lang: text}`; `false` takes a language's own text away. Answers true. */
  update_field_translations: method(
    'record',
    ['field_name', 'translations', 'source_lang=""'],
    async (env, model, ids, { field_name, translations }) => {
      const field = translated(model, field_name, settableField(env, model, shown(field_name, 200), 'write'))
      if (field.computed) throw new ValueError(`${model.name}.${field.name} is computed in each language`)
      if (typeof translations !== 'object' || translations === null || Array.isArray(translations))
        throw new ArgumentError('translations must be an object of languages')
      const given = Object.entries(translations as Record<string, unknown>)
      demandLanguages(
        env,
        given.map(([lang]) => lang),
      )
      await updateTranslations(env, model, [...new Set(ids)], field, given)
      return true
    },
  ),
}

function translated(model: Model, name: unknown, field: FieldInfo | undefined): FieldInfo {
  if (!field) throw new ValueError(`Invalid field '${shown(name)}' on '${model.name}'`)
  if (!field.options.translate || !field.column) throw new ValueError(`${model.name}.${field.name} is not translated`)
  return field
}

function demandLanguages(env: Env, languages: unknown): string[] {
  if (!Array.isArray(languages)) throw new ArgumentError('langs must be a list of language codes')
  const unknown = languages.find((lang) => !env.call.languages.includes(lang as string))
  if (unknown !== undefined) throw new UserError(`Invalid language code: ${shown(unknown, 20)}`)
  return languages as string[]
}

async function updateTranslations(
  env: Env,
  model: Model,
  ids: readonly number[],
  field: FieldInfo,
  given: readonly (readonly [string, unknown])[],
): Promise<void> {
  const forgotten = given.filter(([, text]) => text === false || text === null || text === '').map(([lang]) => lang)
  // The other languages fall back on it.
  if (forgotten.includes('en_US')) throw new UserError(env.t('The English text cannot be taken away.'))
  // English first: the first text of a record that has none yet stands for English too.
  const texts = given.filter(([lang]) => !forgotten.includes(lang)).toSorted(([a], [b]) => Number(b === 'en_US') - Number(a === 'en_US'))
  for (const [lang, text] of texts) await writeRecords(env.withContext({ lang }), model, ids, { [field.name]: text })
  if (forgotten.length === 0) return
  await lockRecords(env, model, ids, 'write')
  await env.cx.query(forgetTranslations(env, model, field, ids, forgotten))
  mark(env.call, [field], ids, new Map())
}
