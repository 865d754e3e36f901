import { type ModelFields, char, json, model, text } from '@erp4/orm'

export const ir_config_parameter = model('ir.config_parameter', {
  label: 'System Parameter',
  order: 'key',
  unique: [{ fields: ['key'], message: 'There is a parameter of this name already.' }],
  fields: {
    key: char({ required: true }),
    display_name: char({ related: 'key' }),
    value: text({ required: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.config_parameter': IrConfigParameter
  }
  interface IrConfigParameter extends ModelFields<typeof ir_config_parameter> {}
}

/**
 * The rules of signing in, which the server reads with each attempt, and between what they may lie: a typing error must neither lock
 * everybody out nor let everybody guess.
 */
export const signInRules: Readonly<Record<string, { least: number; most: number }>> = {
  'auth_password_policy.minlength': { least: 8, most: 128 },
  'base.login_cooldown_after': { least: 0, most: 1000 },
  'base.login_cooldown_duration': { least: 1, most: 86_400 },
  'base.login_cooldown_source_after': { least: 0, most: 100_000 },
}

ir_config_parameter.constrain(['key', 'value'], ({ key, value }) => {
  const rule = Object.hasOwn(signInRules, key) ? signInRules[key] : undefined
  if (!rule) return true
  const isWhole = /^\d{1,8}$/.test(value)
  return (
    (isWhole && Number(value) >= rule.least && Number(value) <= rule.most) || `${key} is a whole number from ${rule.least} to ${rule.most}.`
  )
})

/** The parameter's value; `default`, or false, when there is none. */
export const get_param = ir_config_parameter.action(
  'get_param',
  { on: 'model', needs: 'read', readonly: true, args: { key: char({ required: true }), default: json() }, returns: json() },
  async ({ env }, given) => {
    const [parameter] = await env.model('ir.config_parameter').find([['key', '=', given.key]], ['value'], { limit: 1 })
    return parameter?.value ?? given.default ?? false
  },
)

/** Sets the parameter, or removes it when the value is false or empty; answers the value before, or false. */
export const set_param = ir_config_parameter.action(
  'set_param',
  { on: 'model', needs: 'write', args: { key: char({ required: true }), value: json() }, returns: json() },
  async ({ env }, { key, value }) => {
    const parameters = env.model('ir.config_parameter')
    const text =
      value === null || value === undefined || value === false || value === ''
        ? null
        : typeof value === 'string'
          ? value
          : JSON.stringify(value)
    const [known] = await parameters.find([['key', '=', key]], ['value'], { limit: 1 })
    if (known && text === null) await parameters.browse([known.id]).unlink()
    else if (known && text !== null && text !== known.value) await parameters.browse([known.id]).write({ value: text })
    else if (!known && text !== null) await parameters.create({ key, value: text })
    return known?.value ?? false
  },
)
