import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee } from '@erp4/base'
import {
  type Access,
  AccessError,
  Decimal,
  type ModelFields,
  UserError,
  all,
  app,
  boolean,
  char,
  decimal,
  freeze,
  grant,
  group,
  guard,
  integer,
  many2many,
  many2one,
  model,
  one2many,
  protect,
  selection,
} from '@erp4/orm'
import { world } from '@erp4/testing'
import { rpc } from './rpc.ts'

// Documents that are finished one day: what may still change then, and what is worked out of lists whose entries are archived.

const author = group('paper.author', { label: 'Papers: author', implies: [employee] })

const publisher = group('paper.publisher', { label: 'Papers: publisher', implies: [author] })

const paper_sheet = model('paper.sheet', {
  fields: {
    name: char({ required: true }),
    state: selection({ draft: 'Draft', printed: 'Printed' }, { required: true, default: 'draft' }),
    owner_id: many2one('res.users', { default: (env) => env.user.id }),
    title: char(),
    note: char(),
    price: integer({ required: true, default: 1 }),
    owner_name: char({ related: 'owner_id.name' }),
    line_ids: one2many('paper.line', 'sheet_id'),
    ink_ids: many2many('paper.ink', { archived: true }),
    stamp_ids: many2many('paper.ink', { inverse: 'sheet_ids' }),
    shades: integer({ compute: 'stored' }),
    stamps: integer({ compute: 'stored' }),
    words: integer({ compute: 'stored' }),
    letters: integer({ compute: 'stored' }),
    heavy: boolean({ compute: 'stored' }),
    first_line: integer({ compute: 'live' }),
    grams: decimal({ digits: 2, required: true, default: Decimal.of(80) }),
    kilos: decimal({ compute: 'live' }),
    only_line_id: many2one('paper.line', { compute: 'stored' }),
  },
})
const paper_line = model('paper.line', {
  fields: {
    sheet_id: many2one('paper.sheet', { required: true, ondelete: 'cascade' }),
    name: char({ required: true }),
    words: integer({ compute: 'stored' }),
  },
})
const paper_ink = model('paper.ink', {
  fields: {
    name: char({ required: true }),
    shade: integer({ required: true, default: 1 }),
    active: boolean({ default: true }),
    sheet_ids: many2many('paper.sheet'),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'paper.sheet': PaperSheet
    'paper.line': PaperLine
    'paper.ink': PaperInk
  }
  interface PaperSheet extends ModelFields<typeof paper_sheet> {}
  interface PaperLine extends ModelFields<typeof paper_line> {}
  interface PaperInk extends ModelFields<typeof paper_ink> {}
}

paper_sheet.compute('shades', ['ink_ids.shade'], (sheet) => sheet.ink_ids.reduce((sum, ink) => sum + ink.shade, 0))
paper_sheet.compute('stamps', ['stamp_ids'], (sheet) => sheet.stamp_ids.length)
paper_line.compute('words', ['name'], (line) => line.name.split(' ').length)
paper_sheet.compute('words', ['line_ids.words'], (sheet) => sheet.line_ids.reduce((sum, line) => sum + (line.words ?? 0), 0))
paper_sheet.compute('letters', ['line_ids.name'], (sheet) => sheet.line_ids.reduce((sum, line) => sum + line.name.length, 0))
paper_sheet.compute('kilos', ['grams'], (sheet) => sheet.grams.dividedBy(Decimal.of(1000)))
paper_sheet.inverse('kilos', (kilos) => ({ grams: (kilos ?? Decimal.of(0)).times(Decimal.of(1000)) }))
paper_sheet.compute('first_line', ['line_ids'], (sheet) => sheet.line_ids[0] ?? null)
paper_sheet.compute('only_line_id', ['line_ids'], (sheet) => (sheet.line_ids.length === 1 ? sheet.line_ids[0]! : null))
paper_sheet.compute('heavy', ['words'], (sheet) => (sheet.words ?? 0) > 3)

const action_print = paper_sheet.action('action_print', { needs: 'write' }, async ({ env, ids }) => {
  await env.asSystem('a printed sheet is no longer its author’s to change', async (sys) => {
    await sys.model('paper.sheet').browse(ids).write({ state: 'printed' })
  })
})

const given: string[] = []
paper_sheet.changed(['title'], async (_sys, _ids, operation, names) => {
  given.push(`${operation}: ${[...names].sort().join(' ')}`)
})
paper_sheet.onchange('title', ['title'], async (sheet, env) => ({
  note: `${await env.model('paper.ink').count([['name', 'ilike', sheet.title ?? '']])} inks`,
}))

const printed = "'{name}' is printed: write a new one."
const access: Access<'paper.sheet' | 'paper.line' | 'paper.ink'> = {
  'paper.sheet': [
    grant(author, all, (me) => [['owner_id', '=', me.id]]),
    guard(() => [['state', '=', 'draft']], ['unlink'], printed),
    freeze(['name', 'title', 'line_ids', 'owner_name'], () => [['state', '=', 'draft']], printed),
    protect(['price'], publisher, ['create', 'write']),
  ],
  'paper.line': [
    grant(author, all),
    guard(() => [['sheet_id.state', '=', 'draft']], ['create', 'write', 'unlink'], 'The sheet of {name} is printed.'),
  ],
  'paper.ink': [grant(author, all)],
}

const loaded: string[] = []
const paper = app({
  name: 'paper',
  depends: [base],
  models: [paper_sheet, paper_line, paper_ink],
  groups: [author, publisher],
  access,
  i18n: { ko_KR: { [printed]: "'{name}'은(는) 인쇄되었습니다. 새로 작성하십시오." } },
  data: async (sys) => {
    loaded.push(`${await sys.model('res.company').count([])} company`)
    await sys.model('paper.ink').create({ name: 'Black' })
  },
})

const at = await world(paper)
const [ann, bob] = [await at.person(author), await at.person(author)]
const ink = at.system.model('paper.ink')

async function printedSheet(): Promise<{ sheet: ReturnType<typeof sheetOf>; line: number }> {
  const { ids } = await ann.model('paper.sheet').create({ name: 'Ode', title: 'To Joy', line_ids: [['create', { name: 'Joy' }]] })
  const sheet = sheetOf(ids)
  await action_print(sheet)
  const [row] = await sheet.read(['line_ids'])
  return { sheet, line: row!.line_ids[0]! }
}
const sheetOf = (ids: readonly number[]) => ann.model('paper.sheet').browse(ids)

test('an app loads its data after those it depends on', async () => {
  assert.deepEqual(loaded, ['1 company'])
  assert.equal(await ink.count([['name', '=', 'Black']]), 1)
})

test('what is frozen is refused with the reason, in the language of whoever asks, and nothing changes', async () => {
  const { sheet } = await printedSheet()
  for (const values of [{ title: 'To Grief' }, { note: 'see', name: 'Elegy' }, { owner_name: 'Ann II' }] as const)
    await assert.rejects(sheet.write(values), new UserError("'Ode' is printed: write a new one."))
  await assert.rejects(sheet.write({ line_ids: [['create', { name: 'Woe' }]] }), new UserError("'Ode' is printed: write a new one."))
  const korean = ann.with({ lang: 'ko_KR' }).model('paper.sheet').browse(sheet.ids)
  await assert.rejects(korean.write({ title: 'x' }), new UserError("'Ode'은(는) 인쇄되었습니다. 새로 작성하십시오."))
  await assert.rejects(sheet.unlink(), new UserError("'Ode' is printed: write a new one."))
  const [row] = await sheet.read(['name', 'title', 'note', 'line_ids.name', 'owner_id.name'])
  assert.deepEqual([row!.name, row!.title, row!.note, row!.line_ids.map((line) => line.name)], ['Ode', 'To Joy', null, ['Joy']])
})

test('what is not frozen changes, and the system changes the rest', async () => {
  const { sheet } = await printedSheet()
  await sheet.write({ note: 'Sold out' })
  await at.system.model('paper.sheet').browse(sheet.ids).write({ title: 'To Joy, 2nd edition' })
  const [row] = await sheet.read(['title', 'note'])
  assert.deepEqual([row!.title, row!.note], ['To Joy, 2nd edition', 'Sold out'])
})

test('a guard tells why a line is not made, changed, moved or deleted', async () => {
  const { sheet, line } = await printedSheet()
  const lines = ann.model('paper.line')
  const why = new UserError('The sheet of Joy is printed.')
  await assert.rejects(lines.browse([line]).write({ name: 'Woe' }), why)
  await assert.rejects(lines.browse([line]).unlink(), why)
  await assert.rejects(lines.browse([line]).lock(), why)
  await assert.rejects(lines.create({ sheet_id: sheet.ids[0]!, name: 'Joy' }), why)
  const other = await ann.model('paper.sheet').create({ name: 'Draft', line_ids: [['create', { name: 'Joy' }]] })
  const [draft] = await other.read(['line_ids'])
  await assert.rejects(lines.browse(draft!.line_ids).write({ sheet_id: sheet.ids[0]! }), why)
  assert.equal((await sheet.read(['line_ids']))[0]!.line_ids.length, 1)
})

test('who may not see the record learns nothing of its state', async () => {
  const { sheet } = await printedSheet()
  const [hidden, missing] = [bob.model('paper.sheet').browse(sheet.ids), bob.model('paper.sheet').browse([2_000_000])]
  const words = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'done',
      (error: Error) => `${error.name}: ${error.message}`,
    )
  assert.equal(await words(hidden.write({ title: 'x' })), await words(missing.write({ title: 'x' })))
  assert.equal(await words(hidden.unlink()), await words(missing.unlink()))
  await assert.rejects(hidden.write({ title: 'x' }), AccessError)
})

test('archived records stay in a list that keeps them, and leave one that does not', async () => {
  const [black, red] = (
    await ink.create([
      { name: 'Soot', shade: 5 },
      { name: 'Cinnabar', shade: 2 },
    ])
  ).ids as [number, number]
  const sheet = await ann
    .model('paper.sheet')
    .create({ name: 'Print', ink_ids: [['set', [black, red]]], stamp_ids: [['set', [black, red]]] })
  await ink.browse([red]).write({ active: false })
  const read = async () => {
    const [row] = await sheet.read(['ink_ids', 'stamp_ids', 'shades', 'stamps'])
    return [row!.ink_ids, row!.stamp_ids, row!.shades, row!.stamps]
  }
  assert.deepEqual(await read(), [[black, red], [black], 7, 1])
  // A form saved back cuts what its reader saw and nothing else.
  await sheet.write({ ink_ids: [['set', [red]]], stamp_ids: [['set', []]] })
  assert.deepEqual(await read(), [[red], [], 2, 0])
  await ink.browse([red]).write({ active: true })
  assert.deepEqual(await read(), [[red], [red], 2, 1])
})

test('links of new records are checked in the statement that makes them, hidden and missing alike', async () => {
  const [plain] = (await ink.create({ name: 'Blue' })).ids
  await ann.call(async (env) => {
    const before = env.cx.statements
    await env.model('paper.sheet').create({ name: 'Linked', ink_ids: [['set', [plain!]]] })
    assert.equal(env.cx.statements - before, 2, 'one insert, one for the links')
  })
  await assert.rejects(ann.model('paper.sheet').create({ name: 'Lost', ink_ids: [['set', [2_000_000]]] }), AccessError)
  assert.equal(await at.system.model('paper.sheet').count([['name', '=', 'Lost']]), 0)
})

test('values of one model that wait for nothing are worked out together', async () => {
  const made = await ann.model('paper.sheet').create({
    name: 'Long',
    line_ids: [
      ['create', { name: 'two words' }],
      ['create', { name: 'and two' }],
    ],
  })
  const [row] = await made.read(['words', 'letters', 'heavy'])
  assert.deepEqual([row!.words, row!.letters, row!.heavy], [4, 16, true])
  await ann.model('paper.sheet').create({ name: 'Plain', line_ids: [['create', { name: 'two words' }]] })
  // Two inserts, then reading and writing: the sheet's letters and lists, the lines' words, the sheet's words, what is heavy of it.
  assert.ok(ann.statements <= 9, `it took ${ann.statements}`)
})

test('a record goes although another was worked out to point to it, and that is worked out again', async () => {
  const sheet = await ann.model('paper.sheet').create({
    name: 'Pair',
    line_ids: [
      ['create', { name: 'one' }],
      ['create', { name: 'two' }],
    ],
  })
  const lines = async () => (await sheet.read(['line_ids', 'only_line_id']))[0]!
  const [one, two] = (await lines()).line_ids
  assert.equal((await lines()).only_line_id, null)
  await ann.model('paper.line').browse([one!]).unlink()
  assert.equal((await lines()).only_line_id, two)
  await ann.model('paper.line').browse([two!]).unlink()
  assert.equal((await lines()).only_line_id, null)
  await ann.model('paper.line').create({ sheet_id: sheet.ids[0]!, name: 'three' })
  await sheet.unlink()
  assert.equal(await ann.model('paper.line').count([['name', '=', 'three']]), 0)
})

test('a function is given what it asked for, whatever others ask of the same relation', async () => {
  const sheet = await ann.model('paper.sheet').create({ name: 'One', line_ids: [['create', { name: 'alone' }]] })
  // Made together with what counts the letters of its lines; and a field that is computed when read, asked for together with more.
  const [row] = await sheet.read(['only_line_id', 'first_line', 'line_ids.name', 'letters'])
  assert.deepEqual([row!.only_line_id, row!.first_line, row!.letters], [row!.line_ids[0]!.id, row!.line_ids[0]!.id, 5])
})

test('a computed amount that is written is exact on its way, from code and from a double', async () => {
  const sheet = await ann.model('paper.sheet').create({ name: 'Card', kilos: Decimal.of('0.3') } as never)
  const grams = async () => (await sheet.read(['grams']))[0]!.grams.toString()
  assert.equal(await grams(), '300')
  await rpc(ann, 'paper.sheet', 'write', [sheet.ids, { kilos: 0.0801 }])
  assert.equal(await grams(), '80.1')
})

test('a copy is what its maker could have made', async () => {
  const sheet = await ann.model('paper.sheet').create({ name: 'Ode', title: 'To Joy' })
  await at.system.model('paper.sheet').browse(sheet.ids).write({ price: 9, title: 'To Joy, signed' })
  const copy = await sheet.copy()
  assert.deepEqual(
    (await copy.read(['title', 'price'])).map((row) => [row.title, row.price]),
    [['To Joy, signed', 1]],
  )
  assert.equal((await sheet.read(['price']))[0]!.price, 9)
})

test('what follows from a change knows what was given', async () => {
  given.length = 0
  const sheet = await ann.model('paper.sheet').create({ name: 'Hymn', title: 'A' })
  await sheet.write({ title: 'B', note: 'x' })
  await sheet.write({ note: 'y' })
  assert.deepEqual(given, ['create: name title', 'write: note title'])
})

test('a form is told what its function asks of the person’s own records', async () => {
  await ink.create([{ name: 'Sepia I' }, { name: 'Sepia II' }])
  const { value } = await rpc(ann, 'paper.sheet', 'onchange', [[], { name: 'x', title: 'Sepia' }, ['title'], { note: {} }])
  assert.deepEqual(value, { note: '2 inks' })
})

test('the reasons for which a call used the system’s rights are recorded in one statement', async () => {
  const taken = await ann.call(async (env) => {
    await env.asSystem('a first reason', async () => Decimal.of(1))
    await env.asSystem('a first reason', async () => Decimal.of(1))
    await env.asSystem('a second reason', async () => Decimal.of(2))
    return env.cx.statements
  })
  assert.equal(ann.statements - taken, 1)
})
