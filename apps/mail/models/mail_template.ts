import { type ModelFields, boolean, char, html, integer, json, many2one, model, selection } from '@erp4/orm'
import { languageChoices } from '@erp4/base'
import { originalOf, readTexts, writeTexts } from '../template-texts.ts'
import { checkPlaceholders, partnerOf, placesOf, renderTemplate, renderText } from '../templates.ts'

/**
 * A letter to be written again and again: subject and text in each language, with `{{ name }}` where the record's values go. What may stand
 * between the braces is told by `templates.ts`.
 */
export const mail_template = model('mail.template', {
  label: 'Email Template',
  order: 'name, id',
  fields: {
    name: char({ required: true, translate: true }),
    active: boolean({ default: true }),
    model_id: many2one('ir.model', { label: 'Applies to', required: true, ondelete: 'cascade' }),
    model: char({ related: 'model_id.model', label: 'Related Document Model' }),
    subject: char({ required: true, translate: true }),
    body_html: html({ label: 'Body', translate: true }),
    original: json({ label: 'Original Text', copy: false, help: 'As it came with its app, in each language.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'mail.template': MailTemplate
  }
  interface MailTemplate extends ModelFields<typeof mail_template> {}
}

mail_template.changed(['subject', 'body_html', 'model_id'], async (sys, ids) => {
  for (const template of await sys.model('mail.template').browse(ids).read(['model', 'subject', 'body_html']))
    checkPlaceholders(sys, template.model ?? '', [template.subject, template.body_html ?? ''])
})

/** What the letter about a record would say: subject and body, in a language (the caller's without one), with the caller's rights on the record. */
export const preview = mail_template.action(
  'preview',
  {
    needs: 'read',
    readonly: true,
    args: { res_id: integer({ required: true }), lang: selection(languageChoices), partner_id: many2one('res.partner') },
    returns: json({ required: true }),
  },
  async (templates, { res_id, lang, partner_id }) => {
    const { subject, body } = await renderTemplate(templates.env, templates.ids[0] ?? 0, {
      id: res_id,
      language: lang ?? null,
      recipient: partner_id ?? null,
    })
    return { subject, body }
  },
)

/** Opens the dialogue in which its texts are written. */
export const action_write_texts = mail_template.action(
  'action_write_texts',
  { needs: 'write', readonly: true, returns: json({ required: true }) },
  async ({ ids }) => ({ type: 'ir.actions.client', tag: 'mail.template', params: { id: ids[0] ?? null } }),
)

/**
 * The texts in each language: `{ model, texts: { ko_KR: { subject, body } }, original, places: [{ path, label }] }`. `original` are those that it
 * came with, or null; `places` are what may stand between braces.
 */
export const texts_read = mail_template.action(
  'texts_read',
  { needs: 'write', readonly: true, returns: json({ required: true }) },
  async ({ env, ids: [id = 0] }) => {
    const { model: of, texts, original } = await readTexts(env, id)
    return { model: of, texts, original, places: placesOf(env, of) } as never
  },
)

/** Writes the texts of some languages, `{ ko_KR: { subject, body } }`. @throws ValidationError naming a placeholder that stands for nothing */
export const texts_write = mail_template.action(
  'texts_write',
  { needs: 'write', args: { texts: json({ required: true }) } },
  async ({ env, ids: [id = 0] }, { texts }) => writeTexts(env, id, texts),
)

/** What these words would say about a record, before they are kept: as `preview`, with the text that is being written. */
export const texts_preview = mail_template.action(
  'texts_preview',
  {
    needs: 'write',
    readonly: true,
    args: {
      res_id: integer({ required: true }),
      lang: selection(languageChoices, { required: true }),
      subject: char({ required: true }),
      body: html({ required: true }),
    },
    returns: json({ required: true }),
  },
  async ({ env, ids: [id = 0] }, { res_id, lang, subject, body }) => {
    const [template] = await env.model('mail.template').browse([id]).read(['model'])
    const model = template?.model ?? ''
    const recipient = await partnerOf(env, model, res_id)
    const told = await renderText(env, model, { subject, body }, { id: res_id, language: lang, recipient })
    return { subject: told.subject, body: told.body }
  },
)

/** Gives each language the text again that it came with. @throws UserError for a template that came with no app */
export const action_reset = mail_template.action('action_reset', { needs: 'write' }, async ({ env, ids }) => {
  for (const id of ids) await writeTexts(env, id, await originalOf(env, id))
})
