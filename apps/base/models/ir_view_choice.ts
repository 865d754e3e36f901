import { type ModelFields, char, json, many2one, model } from '@erp4/orm'

/** How one person likes a view of a model: the columns of a list, the folded columns of a board. What it holds is the client's matter. */
export const ir_view_choice = model('ir.view.choice', {
  label: 'View Choice',
  order: 'id',
  // Each column that is made wider by a finger's breadth would be an entry of the trail.
  audit: false,
  unique: [{ fields: ['user_id', 'model_id', 'view'] }],
  fields: {
    user_id: many2one('res.users', { label: 'User', required: true, ondelete: 'cascade', default: (env) => env.user.id }),
    model_id: char({
      label: 'Model',
      required: true,
      size: 100,
      help: 'The name of the model that is shown; “client” for what is about no model.',
    }),
    view: char({ required: true, size: 20, help: 'Which way to look at it: list, kanban and so on.' }),
    choice: json({ required: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.view.choice': IrViewChoice
  }
  interface IrViewChoice extends ModelFields<typeof ir_view_choice> {}
}

/** Hundreds of columns with their widths. */
const most = 20_000

ir_view_choice.constrain(['choice'], ({ choice }) => JSON.stringify(choice).length <= most || 'This is too much to be kept for a view.')

/** Keeps the caller's own choice, in place of the one before; null forgets it. */
export const keep = ir_view_choice.action(
  'keep',
  { needs: 'create', on: 'model', args: { model_id: char({ required: true }), view: char({ required: true }), choice: json() } },
  async ({ env }, { model_id, view, choice }) => {
    // Of two tabs that keep a first choice at once, one makes it and the other changes it.
    await env.model('res.users').browse([env.user.id]).lock()
    const kept = await env.model('ir.view.choice').search([
      ['user_id', '=', env.user.id],
      ['model_id', '=', model_id],
      ['view', '=', view],
    ])
    if (choice === null || choice === undefined) await kept.unlink()
    else if (kept.ids.length > 0) await kept.write({ choice })
    else await env.model('ir.view.choice').create({ model_id, view, choice })
  },
)
