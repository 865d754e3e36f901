import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee } from '@erp4/base'
import {
  type Access,
  AccessError,
  type ModelFields,
  UserError,
  all,
  app,
  boolean,
  char,
  grant,
  group,
  many2one,
  model,
  reference,
  sql,
} from '@erp4/orm'
import { world } from '@erp4/testing'
import { rpc } from './rpc.ts'

// A reference names a record of any model and has no foreign key: the ORM alone keeps its promises.

const clerk = group('pin.clerk', { label: 'Clerk', implies: [employee] })

const keeper = group('pin.keeper', { label: 'Keeper' })

const pin_target = model('pin.target', {
  fields: { name: char({ required: true }), hidden: boolean(), company_id: many2one('res.company') },
})
const pin_note = model('pin.note', {
  label: 'Note',
  fields: {
    name: char({ required: true }),
    company_id: many2one('res.company'),
    about: reference(),
    within: reference({ sameCompany: true }),
    kept: reference({ ondelete: 'restrict' }),
    part: reference({ ondelete: 'cascade' }),
  },
})
const pin_vault = model('pin.vault', { fields: { name: char() } })

declare module '@erp4/orm/models' {
  interface Models {
    'pin.target': PinTarget
    'pin.note': PinNote
    'pin.vault': PinVault
  }
  interface PinTarget extends ModelFields<typeof pin_target> {}
  interface PinNote extends ModelFields<typeof pin_note> {}
  interface PinVault extends ModelFields<typeof pin_vault> {}
}

const access: Access<'pin.target' | 'pin.note' | 'pin.vault'> = {
  'pin.target': [grant(clerk, all, () => [['hidden', '=', false]])],
  'pin.note': [grant(clerk, all)],
  'pin.vault': [grant(keeper, all)],
}
const at = await world(app({ name: 'pin', depends: [base], models: [pin_target, pin_note, pin_vault], groups: [clerk, keeper], access }))
const ann = await at.person(clerk)
const target = async (values: { hidden?: boolean; company_id?: number } = {}) =>
  (await at.system.model('pin.target').create({ name: 'Target', ...values })).ids[0]!
const [seen, hidden] = [await target(), await target({ hidden: true })]
const [vault] = (await at.system.model('pin.vault').create({ name: 'Gold' })).ids
const to = (id: number) => `pin.target,${id}` as const
const note = async (values: Record<string, unknown>) => (await at.system.model('pin.note').create({ name: 'Note', ...values })).ids[0]!
const state = async () => JSON.stringify(await at.system.model('pin.note').find([], ['about', 'within', 'kept', 'part', 'version']))

test('hidden, missing, impossible and unknown targets are refused in the same words on every way in, and nothing changes', async () => {
  const mine = await note({})
  const before = await state()
  const targets = [
    to(hidden),
    to(2_000_000),
    to(9_999_999_999),
    `pin.vault,${vault}`,
    'pin.vault,77',
    'no.such.model,1',
    `pin_target,${seen}`,
  ]
  const ways: ((about: string) => Promise<unknown>)[] = [
    (about) => rpc(ann, 'pin.note', 'create', [{ name: 'New', about }]),
    (about) => rpc(ann, 'pin.note', 'create', [[{ name: 'New' }, { name: 'New', about }]]),
    (about) => rpc(ann, 'pin.note', 'write', [[mine], { about }]),
    (about) => rpc(ann, 'pin.note', 'web_save', [[mine], { about }, { name: {} }]),
    (about) => rpc(ann, 'pin.note', 'copy', [[mine], { about }]),
    (about) => rpc(ann.with({ default_about: about }), 'pin.note', 'create', [{ name: 'New' }]),
  ]
  const words = new Set<string>()
  for (const way of ways)
    for (const about of targets) {
      const error = await way(about).then(
        () => assert.fail(`${about} was taken`),
        (refusal: unknown) => refusal as Error,
      )
      assert.ok(error instanceof AccessError, `${about}: ${error.message}`)
      words.add(error.message)
    }
  assert.equal(words.size, 1, [...words].join('\n'))
  // What is no reference at all is another matter.
  for (const about of ['pin.target', 'pin.target,0', 'pin.target,-1', 'pin.target,1;drop', ["'"], 7, 'Pin.Target,1'])
    await assert.rejects(rpc(ann, 'pin.note', 'write', [[mine], { about }]), UserError)
  assert.equal(await state(), before)
})

test('an import and a form are refused a hidden target as they are a missing one', async () => {
  const before = await state()
  const imported = async (about: string) => {
    const { ids, messages } = await rpc(ann, 'pin.note', 'load', [['name', 'about'], [['New', about]]])
    assert.equal(ids, false)
    return messages.map((one: { message: string }) => one.message).join()
  }
  assert.equal(await imported(to(hidden)), await imported(to(2_000_000)))
  const asked = (about: string) =>
    rpc(ann, 'pin.note', 'onchange', [[], { about }, ['about'], { about: {} }]).then(
      () => 'answered',
      (error: Error) => `${error.name}: ${error.message}`,
    )
  assert.match(await asked(to(hidden)), /^AccessError/)
  assert.equal(await asked(to(hidden)), await asked(to(2_000_000)))
  assert.equal(await asked(to(seen)), 'answered')
  assert.equal(await state(), before)
})

test('a target that the caller sees is taken, stays when it is hidden later, and the system may set any that is there', async () => {
  const later = await target()
  const id = await rpc(ann, 'pin.note', 'create', [{ name: 'New', about: to(later) }])
  await at.system.model('pin.target').browse([later]).write({ hidden: true })
  assert.equal((await rpc(ann, 'pin.note', 'read', [[id], ['about']]))[0].about, to(later))
  await rpc(ann, 'pin.note', 'write', [[id], { name: 'Renamed' }])
  await note({ about: to(hidden), part: `pin.vault,${vault}` })
  await assert.rejects(note({ about: to(2_000_000) }), AccessError)
})

test('a record and what it refers to with sameCompany are of one company, or of none', async () => {
  const second = await at.company('Second')
  const [ours, theirs, anybodys] = [await target({ company_id: 1 }), await target({ company_id: second }), await target()]
  const before = await state()
  for (const values of [
    { company_id: 1, within: to(theirs) },
    { company_id: second, within: to(ours) },
  ])
    await assert.rejects(note(values), /another company/)
  assert.equal(await state(), before)
  const id = await note({ company_id: 1, within: to(ours), about: to(theirs) })
  const notes = at.system.model('pin.note').browse([id])
  await assert.rejects(notes.write({ company_id: second }), /another company/)
  await assert.rejects(notes.write({ within: to(theirs) }), /another company/)
  await notes.write({ within: to(anybodys) })
  await notes.write({ company_id: second })
  await notes.write({ within: null, company_id: 1 })
  await note({ within: to(theirs) })
})

test('when the target goes, references are emptied, go with it or hold it, as their fields say, and totals and trail see it', async () => {
  const going = await target()
  const about = await note({ about: to(going), within: to(seen) })
  const part = await note({ part: to(going) })
  const other = await note({ about: `res.partner,${going}` }).catch(() => null)
  await at.system.model('pin.target').browse([going]).unlink()
  assert.deepEqual(await at.system.model('pin.note').browse([about, part]).read(['about', 'within']), [
    { id: about, about: null, within: to(seen) },
  ])
  if (other !== null) assert.equal((await at.system.model('pin.note').browse([other]).read(['about']))[0]!.about, `res.partner,${going}`)
  const held = await target()
  await note({ kept: to(held) })
  await assert.rejects(rpc(ann, 'pin.target', 'unlink', [[held]]), /still refer to it/)
  assert.equal(await at.system.model('pin.target').count([['id', '=', held]]), 1)
  const trail = await at.databases.use(at.database, (cx) =>
    cx.query<{ n: number }>(
      sql`select count(*)::int4 as n from audit_in where model = 'pin.note' and rec = ${about}::int4 and change ? 'about'`,
    ),
  )
  assert.ok(trail[0]!.n >= 1)
})

test('a reference that is set while its target goes is refused or emptied, never left pointing nowhere', async () => {
  for (let i = 0; i < 12; i++) {
    const going = await target()
    const [made, gone] = await Promise.allSettled([
      rpc(ann, 'pin.note', 'create', [{ name: 'Racing', about: to(going) }]),
      rpc(ann, 'pin.target', 'unlink', [[going]]),
    ])
    assert.equal(gone.status, 'fulfilled')
    if (made.status === 'rejected') assert.ok(made.reason instanceof AccessError, String(made.reason))
    assert.equal(await at.system.model('pin.note').count([['about', '=', to(going)]]), 0)
  }
})
