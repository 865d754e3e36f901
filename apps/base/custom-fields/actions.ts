import {
  AccessError,
  type Domain,
  type Env,
  type Model,
  UserError,
  ValidationError,
  auditEvent,
  char,
  datetime,
  json,
  moment,
} from '@erp4/orm'
import { administrator } from '../groups.ts'
import { ir_model_fields } from '../models/ir_model_fields.ts'

/** How long a deleted field can be brought back, with its values. */
export const keptDays = 30

/** Who may define fields; rules say so too, of each record. */
export function demandDefiner(env: Env): void {
  if (!env.isIn(administrator)) throw new AccessError(env.t('Fields are defined by administrators.'))
}

/** How many records hold a value in the field, archived ones and those that the caller may not see included. */
export const count_values = ir_model_fields.action(
  'count_values',
  { needs: 'write', returns: json({ required: true }) },
  async ({ env, ids }) => {
    demandDefiner(env)
    return Object.fromEntries(await env.asSystem('values are counted whoever may see them', (sys) => countsOf(sys, ids)))
  },
)

/** By the id of the field; nothing of fields that are not in use. */
export async function countsOf(sys: Env<true>, ids: readonly number[]): Promise<(readonly [number, number])[]> {
  const fields = await sys.model('ir.model.fields').browse(ids).read(['model', 'name'])
  const counts: (readonly [number, number])[] = []
  for (const { id, model, name } of fields) {
    const known = sys.registry.models.get(model)?.fields.get(name)
    if (known) counts.push([id, await countWhere(sys, known.model, [[name, '!=', known.kind === 'boolean' ? false : null]])])
  }
  return counts
}

/** The compiler knows none of these fields; the ORM checks the domain. */
export const countWhere = (sys: Env<true>, model: Model, domain: readonly unknown[]): Promise<number> =>
  sys
    .withContext({ active_test: false })
    .model(model.name as 'res.partner')
    .count(domain as Domain<'res.partner'>)

/** Takes the field away from everybody; its values stay, without end. */
export const archive_field = ir_model_fields.action('archive_field', { needs: 'write' }, ({ env, ids }) =>
  move(env, ids, ['ready', 'asked'], 'archived', null),
)

/** Takes the field away from everybody, and its values after 30 days. `name` is the field's technical name, typed by whoever means it. */
export const delete_field = ir_model_fields.action(
  'delete_field',
  { needs: 'write', args: { name: char({ required: true }) }, returns: datetime({ required: true }) },
  async ({ env, ids }, { name }) => {
    const [field] = await env.model('ir.model.fields').browse(ids).read(['name'])
    if (ids.length !== 1 || field?.name !== name) throw new UserError(env.t('Type the technical name of the field to delete it.'))
    const until = moment(new Date(env.call.now().getTime() + keptDays * 86_400_000))
    await move(env, ids, ['ready', 'archived', 'asked'], 'deleted', until)
    return until
  },
)

/** Brings an archived or deleted field back, as it was and with its values. */
export const restore_field = ir_model_fields.action('restore_field', { needs: 'write' }, ({ env, ids }) =>
  // Its column may never have been made: the owner looks, and makes it if so.
  move(env, ids, ['archived', 'deleted'], 'asked', null),
)

/** Asks once more for the column of a field that could not be made. */
export const retry_field = ir_model_fields.action('retry_field', { needs: 'write' }, ({ env, ids }) =>
  move(env, ids, ['asked'], 'asked', null),
)

type Phase = 'asked' | 'ready' | 'archived' | 'deleted'

async function move(env: Env, ids: readonly number[], from: readonly Phase[], to: Phase, until: string | null): Promise<void> {
  demandDefiner(env)
  const fields = env.model('ir.model.fields').browse(ids)
  await fields.lock()
  for (const { phase, field_description } of await fields.read(['phase', 'field_description']))
    if (!from.includes(phase as Phase))
      throw new UserError(env.t('{field} is at another stage by now: look again.', { field: field_description }))
  await env.asSystem('the life of a field that people made is written by its actions alone', (sys) =>
    sys
      .model('ir.model.fields')
      .browse(ids)
      .write({ phase: to, delete_after: until as never, problem: null }),
  )
}

/** One option of a choice goes, where no record holds it. */
export async function removeOption(
  env: Env,
  field: { id: number; model: string; name: string },
  option: { id: number; value: string; name: string },
): Promise<void> {
  demandDefiner(env)
  await env.asSystem('an option may be held by records that the administrator may not see', async (sys) => {
    const known = sys.registry.models.get(field.model)?.fields.get(field.name)
    const count = known ? await countWhere(sys, known.model, [[field.name, '=', option.value]]) : 0
    if (count > 0)
      throw new ValidationError(
        env.t('{count} record(s) hold the option “{option}”: change them first, or give the option another label.', {
          count,
          option: option.name,
        }),
      )
    await sys.cx.query(
      auditEvent(sys.call, sys.user.id, 'option_removed', 'ir.model.fields', field.id, { value: option.value, label: option.name }),
    )
    await sys.model('ir.model.fields.selection').browse([option.id]).unlink()
    sys.call.touched.add('schema')
  })
}
