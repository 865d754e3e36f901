import type { Texts } from './custom/definition.ts'
import type { Env } from './env.ts'
import type { FieldInfo } from './registry.ts'

type Speaker = Pick<Env, 't' | 'context'>

/** In the caller's language, else in English: people's own words are in no app's catalogue. */
const said = (texts: Texts, { context }: Speaker): string => texts[context.lang] || texts['en_US']!

/** What people call a field, in the caller's language. */
export const fieldLabel = (env: Speaker, field: FieldInfo): string => (field.custom ? said(field.custom.label, env) : env.t(field.label))

/** What a field is for, in the caller's language; undefined where nothing is said. */
export function fieldHelp(env: Speaker, field: FieldInfo): string | undefined {
  if (field.custom) return field.custom.help ? said(field.custom.help, env) : undefined
  return field.options.help ? env.t(field.options.help) : undefined
}

/** What people call a value of a selection, in the caller's language; the value itself where it is none of its choices. */
export function choiceLabel(env: Speaker, field: FieldInfo, value: string): string {
  const own = field.custom?.choices.find((choice) => choice.value === value)
  if (own) return said(own.label, env)
  return field.choices && Object.hasOwn(field.choices, value) ? env.t(field.choices[value]!) : value
}
