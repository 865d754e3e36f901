import {
  type Env,
  type FieldName,
  type ModelFields,
  type ModelName,
  type Records,
  UserError,
  boolean,
  char,
  dayIn,
  integer,
  json,
  many2one,
  model,
  numberLater,
  selection,
} from '@erp4/orm'

/** Numbers for documents: `S00042`. Prefix and suffix may hold the date: `INV/%(year)s/`. */
export const ir_sequence = model('ir.sequence', {
  label: 'Number Sequence',
  order: 'name, id',
  fields: {
    name: char({ required: true }),
    code: char({ label: 'Sequence Code', index: true }),
    implementation: selection({ standard: 'Standard', no_gap: 'No gap' }, { required: true, default: 'standard' }),
    active: boolean({ default: true }),
    prefix: char(),
    suffix: char(),
    padding: integer({ label: 'Sequence Size', required: true, default: 0 }),
    number_next: integer({ label: 'Next Number', required: true, default: 1, copy: false, grouping: false }),
    number_increment: integer({ label: 'Step', required: true, default: 1 }),
    company_id: many2one('res.company', { default: (env) => env.me.company_id }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.sequence': IrSequence
  }
  interface IrSequence extends ModelFields<typeof ir_sequence> {}
}

ir_sequence.constrain(
  ['number_increment', 'padding'],
  (sequence) =>
    (sequence.number_increment !== 0 && sequence.padding >= 0 && sequence.padding <= 20) ||
    'A sequence steps by more or less than zero and has at most 20 digits.',
)

ir_sequence.constrain(['prefix', 'suffix'], (sequence) => {
  const unknown = [sequence.prefix, sequence.suffix].flatMap((text) =>
    [...(text ?? '').matchAll(placeholder)].filter(([, part = '']) => !Object.hasOwn(dateParts, part)),
  )
  return unknown.length === 0 || `'${unknown[0]![0]}' stands for nothing; there are ${Object.keys(dateParts).join(', ')}.`
})

/**
 * The next number of the caller's company for this code, or false when no sequence has it. Throws a UserError for one without gaps: its numbers are
 * given to documents, and one that is drawn and thrown away is a gap that an auditor asks about.
 */
export const next_by_code = ir_sequence.action(
  'next_by_code',
  { on: 'model', needs: 'read', args: { sequence_code: char({ required: true }) }, returns: json() },
  async ({ env }, { sequence_code }) =>
    env.asSystem('numbers are drawn by everybody who may see the sequence', async (sys) => {
      const id = await sequenceId(sys, sequence_code)
      return id === undefined ? false : drawLoose(sys, id)
    }),
)

export const next_by_id = ir_sequence.action('next_by_id', { needs: 'read', returns: char({ required: true }) }, async ({ env, ids }) => {
  const [id] = ids
  if (id === undefined || ids.length > 1) throw new UserError('A number comes from one sequence.')
  return env.asSystem('numbers are drawn by everybody who may see the sequence', (sys) => drawLoose(sys, id))
})

async function drawLoose(sys: Env<true>, id: number): Promise<string> {
  const [sequence] = await sys.model('ir.sequence').browse([id]).read(['name', 'implementation'])
  if (sequence?.implementation === 'no_gap')
    throw new UserError(sys.t('The numbers of {name} have no gaps: only its documents draw them.', { name: sequence.name }))
  return draw(sys, id)
}

/**
 * For documents that may have no gap in their numbers: what `numberLater` of the ORM asks for, which draws at the very end of the
 * call. The sequence is the current company's, else one shared by all; undefined when there is neither.
 */
export async function counterOf(env: Env, code: string): Promise<{ sequence: number; prefix: string; suffix: string } | undefined> {
  return env.asSystem('numbers are shared by the company', async (sys) => {
    const id = await sequenceId(sys, code)
    if (id === undefined) return undefined
    const [found] = await sys.model('ir.sequence').browse([id]).read(['prefix', 'suffix'])
    const today = dayIn(sys.context.tz, sys.call.now())
    return { sequence: id, prefix: filled(found?.prefix ?? null, today), suffix: filled(found?.suffix ?? null, today) }
  })
}

/**
 * Gives records numbers without a gap from the sequence of a code, at the very end of the call: that of each record's company, else the one
 * that all share. It takes one statement, whatever the number of records and companies.
 */
export async function numberByCode<N extends ModelName>(records: Records<N>, field: FieldName<N>, code: string): Promise<void> {
  const { env } = records
  const today = dayIn(env.context.tz, env.call.now())
  const placeholders = Object.fromEntries(Object.entries(dateParts).map(([part, of]) => [`%(${part})s`, of(today)]))
  await numberLater(records, field, { code, placeholders })
}

async function sequenceId(sys: Env<true>, code: string): Promise<number | undefined> {
  const { company_id } = sys.me
  const found = await sys.model('ir.sequence').find(
    [
      ['code', '=', code],
      ['company_id', 'in', [company_id, null]],
    ],
    ['company_id'],
  )
  return (found.find((sequence) => sequence.company_id === company_id) ?? found[0])?.id
}

// Locked first, so two callers never read one number; a roll-back gives it back, so there is no gap either.
async function draw(sys: Env<true>, id: number): Promise<string> {
  const one = sys.model('ir.sequence').browse([id])
  await one.lock()
  const [sequence] = await one.read(['name', 'active', 'prefix', 'suffix', 'padding', 'number_next', 'number_increment'])
  if (!sequence?.active) throw new UserError(`The sequence ${sequence?.name ?? id} is not in use.`)
  await one.write({ number_next: sequence.number_next + sequence.number_increment })
  const today = dayIn(sys.context.tz, sys.call.now())
  return filled(sequence.prefix, today) + String(sequence.number_next).padStart(sequence.padding, '0') + filled(sequence.suffix, today)
}

const placeholder = /%\((\w+)\)s/g

const dateParts: Readonly<Record<string, (day: string) => string>> = {
  year: (day) => day.slice(0, 4),
  y: (day) => day.slice(2, 4),
  month: (day) => day.slice(5, 7),
  day: (day) => day.slice(8, 10),
}

const filled = (text: string | null, today: string): string =>
  (text ?? '').replaceAll(placeholder, (all, part: string) => (Object.hasOwn(dateParts, part) ? dateParts[part]!(today) : all))
