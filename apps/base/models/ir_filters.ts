import { type ModelFields, boolean, char, many2one, model, text } from '@erp4/orm'

/** A search that somebody saved: his own, or, without a user, everybody's. */
export const ir_filters = model('ir.filters', {
  label: 'Saved Search',
  order: 'name, id',
  fields: {
    name: char({ required: true, size: 200 }),
    model_id: char({ label: 'Model', required: true, index: true, help: 'The name of the model that is searched.' }),
    user_id: many2one('res.users', {
      label: 'User',
      index: true,
      ondelete: 'cascade',
      default: (env) => env.user.id,
      help: 'Empty: shared with everybody.',
    }),
    domain: text({ required: true, default: '[]' }),
    context: text({ required: true, default: '{}', help: 'What records are grouped by.' }),
    sort: char({ label: 'Order' }),
    is_default: boolean({ label: 'Default', help: 'Used when the list is opened.' }),
    active: boolean({ default: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.filters': IrFilters
  }
  interface IrFilters extends ModelFields<typeof ir_filters> {}
}

/** A condition of thousands of ids. Shared ones come with each list of everybody. */
const most = 20_000

ir_filters.constrain(
  ['domain', 'context', 'sort'],
  ({ domain, context, sort }) => domain.length + context.length + (sort ?? '').length <= most || 'This search is too long to be saved.',
)

// A list opens with one search: the last that was made the default, of a person's own and of the shared ones each.
ir_filters.changed(['is_default'], async (sys, ids) => {
  const chosen = (await sys.model('ir.filters').browse(ids).read(['model_id', 'user_id', 'is_default'])).filter((one) => one.is_default)
  if (chosen.length === 0) return
  const others = await sys.model('ir.filters').find(
    [
      ['is_default', '=', true],
      ['model_id', 'in', chosen.map((one) => one.model_id)],
      ['id', 'not in', chosen.map((one) => one.id)],
    ],
    ['model_id', 'user_id'],
  )
  const replaced = others.filter((one) => chosen.some((next) => next.model_id === one.model_id && next.user_id === one.user_id))
  if (replaced.length > 0)
    await sys
      .model('ir.filters')
      .browse(replaced.map((one) => one.id))
      .write({ is_default: false })
})
