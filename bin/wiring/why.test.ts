import assert from 'node:assert/strict'
import { test } from 'node:test'
import { employee, portal, userManager } from '@erp4/base'
import { product, productManager } from '@erp4/product'
import { world } from '@erp4/testing'
import { explainRight } from './why.ts'

const here = await world(product)
const ask = (user: string, operation: string, model: string, id: number) =>
  here.databases.use(here.database, (cx) => explainRight(cx, here.registry, { user, operation, model, id }))

const ann = await here.person(employee)
const customer = await here.person(portal)
const manager = await here.person(userManager)

test('the sentence names the rule that lets a user read, and the same that keeps another one out', async () => {
  const [azure] = (await here.system.model('res.partner').create({ name: 'Azure' })).ids
  const yes = await ask(ann.user.login, 'read', 'res.partner', azure!)
  assert.match(yes[0]!, /^Yes\. Ann \(user1\) may read it: as a member of base\.group_user, any record\.$/)
  assert.ok(yes.some((line) => line.startsWith('  ✔ a guard for everyone: [["company_id","in",[')))
  const no = await ask(customer.user.login, 'read', 'res.partner', azure!)
  assert.match(no[0]!, /^No\. Bob \(user2\) may not read it: base\.group_portal would, for records that fulfil/)
  assert.ok(no.some((line) => line.startsWith('  ✖ base.group_user (he is no member)')))
})

test('rights are those of the moment: groups count with all that they imply', async () => {
  assert.match((await ask(manager.user.login, 'unlink', 'res.partner', 1))[0]!, /^Yes\./)
  assert.match((await ask(ann.user.login, 'unlink', 'res.partner', 1))[0]!, /^No\./)
})

test('protected fields are told, and a record that is not there', async () => {
  const lines = await ask(ann.user.login, 'write', 'res.users', ann.user.id)
  assert.match(lines[0]!, /^Yes\./)
  assert.match(lines.at(-1)!, /^Fields that he may not write: login, .*\bpassword, sec_version/)
  assert.match((await ask(ann.user.login, 'read', 'res.partner', 999_999))[0]!, /^No\. There is no such/)
})

test('fields that nobody may change any more are told beside the yes, with what whoever tries is told', async () => {
  const keeper = await here.person(productManager)
  const [hour] = (await here.system.model('uom.uom').search([['name', '=', 'Hours']])).ids
  const lines = await ask(keeper.user.login, 'write', 'uom.uom', hour!)
  assert.match(lines[0]!, /^Yes\./)
  const kept =
    '  ✖ kept as they are for everyone, since it does not fulfil [["id","=",0]] (“Quantities were counted in {name}, so it keeps what'
  assert.ok(
    lines.some((line) => line.startsWith(kept) && line.endsWith(': relative_factor, relative_uom_id, category_id')),
    lines.join('\n'),
  )
  assert.ok((await ask(keeper.user.login, 'read', 'uom.uom', hour!)).every((line) => !line.includes('kept as they are')))
})

test('of a file that hangs on a record it is told that the right is missing there', async () => {
  const [azure] = (await here.system.model('res.partner').create({ name: 'Azure again' })).ids
  const [file] = (await here.system.model('ir.attachment').create({ name: 'a.txt', res_model: 'res.partner', res_id: azure! })).ids
  assert.match((await ask(ann.user.login, 'read', 'ir.attachment', file!))[0]!, /^Yes\./)
  assert.match(
    (await ask(ann.user.login, 'write', 'ir.attachment', file!))[0]!,
    /^No\. .* may not write it: it belongs to another record, on which that right is missing\.$/,
  )
})

test('an operation, model or user that there is not is told so, and an archived user counts as none', async () => {
  await assert.rejects(ask(ann.user.login, 'steal', 'res.partner', 1), { code: 'usage' })
  await assert.rejects(ask(ann.user.login, 'read', 'res.partners', 1), { code: 'not_found' })
  await assert.rejects(ask('nobody', 'read', 'res.partner', 1), { code: 'not_found' })
  await assert.rejects(ask('__system__', 'read', 'res.partner', 1), { code: 'not_found' })
})
