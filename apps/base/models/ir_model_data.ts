import { AccessError, type Json, type ModelFields, ValueError, boolean, char, integer, json, model } from '@erp4/orm'
import { type DemoReport, removeDemoData, reportDemoData } from '../demo-removal.ts'
import { isReadable } from '../rights.ts'

/** External ids: names that apps, imports and integrations give to records. A record may have several. */
export const ir_model_data = model('ir.model.data', {
  label: 'External Identifier',
  order: 'module, model, name',
  unique: [{ fields: ['module', 'name'], message: 'Another record has this external id already.' }],
  audit: false,
  hangsOn: { model: 'model', id: 'res_id' },
  fields: {
    module: char({ required: true, default: '' }),
    name: char({ label: 'External Identifier', required: true }),
    complete_name: char({ compute: 'stored', label: 'Complete ID', index: true }),
    display_name: char({ related: 'complete_name' }),
    model: char({ label: 'Model Name', required: true, index: true }),
    res_id: integer({ label: 'Record ID', index: true, grouping: false }),
    noupdate: boolean({ label: 'Non Updatable', help: 'An upgrade leaves the record as people made it.' }),
    demo: boolean({ label: 'Demonstration Data', help: 'Can be taken away with the other examples.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.model.data': IrModelData
  }
  interface IrModelData extends ModelFields<typeof ir_model_data> {}
}

ir_model_data.compute('complete_name', ['module', 'name'], (data) => (data.module === '' ? data.name : `${data.module}.${data.name}`))

/**
 * `[model, id]` behind `module.xml_id`. The id is false for a record of an app that is gone or that the caller may not read (or an
 * AccessError when asked for); an unknown name is a ValueError, and so is anybody else's name of a record that he may not read.
 */
export const check_object_reference = ir_model_data.action(
  'check_object_reference',
  {
    on: 'model',
    needs: 'read',
    readonly: true,
    returns: json(),
    args: { module: char({ required: true }), xml_id: char({ required: true }), raise_on_access_error: boolean() },
  },
  async ({ env }, { module, xml_id, raise_on_access_error }) => {
    const found = await env.asSystem('an external id names a record, whose own rights decide', async (sys) => {
      const [data] = await sys.model('ir.model.data').find(
        [
          ['module', '=', module],
          ['name', '=', xml_id],
        ],
        ['model', 'res_id'],
        { limit: 1 },
      )
      return data ? { model: data.model, id: data.res_id ?? 0 } : null
    })
    if (found && (await isReadable(env, found.model, found.id))) return [found.model, found.id]
    // An app's names stand in its code. Those of imports and integrations (`shop.customer_1077`) would tell which hidden records there are.
    const isPublic = env.registry.apps.some(({ name }) => name === module)
    if (!found || !isPublic) throw new ValueError(`External ID not found in the system: ${module}.${xml_id}`)
    if (raise_on_access_error) throw new AccessError(`You may not see ${module}.${xml_id}.`)
    return [found.model, false]
  },
)

/** Of the examples: how many there are of what, and which are in use. For administrators. */
export const report_examples = ir_model_data.action(
  'report_examples',
  { on: 'model', needs: 'unlink', readonly: true, returns: json({ required: true }) },
  ({ env }) => env.asSystem('who uses an example may be anybody', async (sys) => asJson(await reportDemoData(sys))),
)

/** Takes the examples away that nobody uses: `{removed, kept: [{model, id, name, by}]}`. For administrators. */
export const remove_examples = ir_model_data.action(
  'remove_examples',
  { on: 'model', needs: 'unlink', returns: json({ required: true }) },
  ({ env }) => env.asSystem('examples are in the books of everybody', async (sys) => asJson(await removeDemoData(sys))),
)

const asJson = (value: DemoReport | Awaited<ReturnType<typeof removeDemoData>>): Json => value as unknown as Json
