import { type ModelFields, boolean, char, html, json, integer, many2one, model, selection } from '@erp4/orm'
import { languageChoices } from '@erp4/base'
import { checkPlaceholders, renderTemplate } from '../templates.ts'

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
