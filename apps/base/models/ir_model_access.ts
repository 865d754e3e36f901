import { AccessError, type ModelFields, boolean, char, many2one, model, selection } from '@erp4/orm'

/** What each group may do with each model, as the code declares it: to look at, not to change. */
export const ir_model_access = model('ir.model.access', {
  label: 'Model Access',
  order: 'model_id, group_id, id',
  audit: false,
  fields: {
    name: char({ required: true }),
    active: boolean({ default: true }),
    model_id: many2one('ir.model', { required: true, index: true, ondelete: 'cascade' }),
    group_id: many2one('res.groups', { index: true, ondelete: 'cascade' }),
    perm_read: boolean({ label: 'Read Access' }),
    perm_write: boolean({ label: 'Write Access' }),
    perm_create: boolean({ label: 'Create Access' }),
    perm_unlink: boolean({ label: 'Delete Access' }),
    limited: boolean({ label: 'Only Some Records' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.model.access': IrModelAccess
  }
  interface IrModelAccess extends ModelFields<typeof ir_model_access> {}
}

/** Whether the caller may do `mode` with any record of `model` at all. */
export const check = ir_model_access.action(
  'check',
  {
    on: 'model',
    needs: 'read',
    readonly: true,
    returns: boolean(),
    args: {
      model: char({ required: true }),
      mode: selection({ read: 'Read', write: 'Write', create: 'Create', unlink: 'Delete' }, { default: 'read' }),
      raise_exception: boolean(),
    },
  },
  async ({ env }, { model: name, mode, raise_exception = true }) => {
    const operation = mode ?? 'read'
    const rules = env.registry.models.get(name)?.rules ?? []
    const isGranted = rules.some((rule) => rule.kind === 'grant' && rule.operations.includes(operation) && env.isIn(rule.group!))
    if (!isGranted && raise_exception) throw new AccessError(`You are not allowed to ${operation} '${name}' records.`)
    return isGranted
  },
)
