import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { AccessError, UserError, moment } from '@erp4/orm'
import { action_revoke, hashOfToken, openLink, portal } from '@erp4/portal'
import { conforms, world } from '@erp4/testing'

const link = (n: number, partner: number) => ({
  res_model: 'res.partner',
  res_id: partner,
  partner_id: partner,
  email: 'buyer@narae.example',
  token_hash: hashOfToken(`token ${n}`),
  content_hash: 'a'.repeat(64),
  expires: moment(new Date('2099-01-01T00:00:00Z')),
})

conforms(portal, {
  samples: {
    'portal.link': async (n) => link(n, 1),
    'portal.signature': async (n) => ({
      res_model: 'res.partner',
      res_id: 1,
      name: `Signer ${n}`,
      signed_on: moment(new Date('2026-01-01T00:00:00Z')),
      address: '203.0.113.7',
      content_hash: 'b'.repeat(64),
      content: { title: 'Quotation' },
    }),
  },
})

const at = await world(portal)
const clerk = await at.person(contactManager)
const [narae] = (await at.system.model('res.partner').create({ name: 'Narae', is_company: true })).ids as unknown as [number]

test('a link is found by the hash of its token until it ends, and by nothing else', async () => {
  const [id] = (await at.system.model('portal.link').create(link(1, narae))).ids
  const find = (token: string) => at.system.call((sys) => openLink(sys, hashOfToken(token)).then((found) => found?.id))
  assert.equal(await find('token 1'), id)
  assert.equal(await find('token 2'), undefined)
  assert.equal(await at.system.call((sys) => openLink(sys, 'token 1')), undefined)
  await at.system
    .model('portal.link')
    .browse([id!])
    .write({ expires: moment(new Date('2020-01-01T00:00:00Z')) })
  assert.equal(await find('token 1'), undefined)
})

test('who works with a document ends its links, and can neither make, move nor read the secret of one', async () => {
  const [id] = (await at.system.model('portal.link').create(link(3, narae))).ids as unknown as [number]
  const mine = clerk.model('portal.link').browse([id])
  await assert.rejects(clerk.model('portal.link').create(link(4, narae)), AccessError)
  for (const values of [
    { expires: moment(new Date('2199-01-01T00:00:00Z')) },
    { purpose: 'sign' },
    { res_id: 2 },
    { token_hash: hashOfToken('mine') },
  ])
    await assert.rejects(mine.write(values as never), UserError)
  await assert.rejects(mine.read(['token_hash'] as never), UserError)
  await assert.rejects(clerk.model('portal.link').search([['token_hash', '=', hashOfToken('token 3')]] as never), UserError)
  assert.equal(await at.system.call((sys) => openLink(sys, hashOfToken('token 3')).then((found) => found?.id)), id)
  await action_revoke(mine)
  assert.equal(await at.system.call((sys) => openLink(sys, hashOfToken('token 3'))), undefined)
  assert.deepEqual((await mine.read(['state']))[0]?.state, 'revoked')
})

test('a signature is written once: nobody changes or deletes it, not even the system its evidence', async () => {
  const { ids } = await at.system.model('portal.signature').create({
    res_model: 'res.partner',
    res_id: narae,
    name: 'Kim Hana',
    signed_on: moment(new Date('2026-01-01T00:00:00Z')),
    address: '203.0.113.7',
    content_hash: 'c'.repeat(64),
    content: { title: 'Quotation S00001' },
  })
  const [before] = await at.system.model('portal.signature').browse(ids).read(['name', 'content_hash', 'content', 'signed_on'])
  const theirs = clerk.model('portal.signature').browse(ids)
  await assert.rejects(theirs.write({ name: 'Somebody' }), AccessError)
  await assert.rejects(theirs.unlink(), AccessError)
  await assert.rejects(theirs.read(['content']), UserError)
  for (const values of [{ name: 'Somebody' }, { content_hash: 'd'.repeat(64) }, { content: {} }, { signed_on: moment(new Date()) }])
    await assert.rejects(at.system.model('portal.signature').browse(ids).write(values), /stays as it is/)
  assert.deepEqual(await at.system.model('portal.signature').browse(ids).read(['name', 'content_hash', 'content', 'signed_on']), [before])
})
