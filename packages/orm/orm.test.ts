import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base } from '@erp4/base'
import { Env, openCall, callMethod, RawJson } from '@erp4/orm'
import { world } from '@erp4/testing'

test('smoke', async () => {
  const w = await world(base)
  const groups = ['base.group_partner_manager', 'base.group_user'].map((n) => w.registry.groups.get(n)!)
  const ann = await w.person(...groups)
  const call = async (model: string, method: string, args: unknown[], kwargs = {}) => w.databases.transaction(w.database, async (cx) => {
    const log: string[] = []
    const spy = { query: (s: any, n?: string) => { log.push(s.compile().text); return cx.query(s, n) }, get statements() { return cx.statements } }
    const env = new Env(openCall({ registry: w.registry, cx: spy as any }), ann.user, { lang: 'en_US', tz: 'UTC', allowed_company_ids: [1], active_test: true }, false)
    const t = performance.now()
    const result = await callMethod(env, { model, method, args, kwargs })
    const ms = performance.now() - t
    return { result: result instanceof RawJson ? result.text : JSON.stringify(result), n: log.length, log, ms }
  })
  for (let i = 0; i < 3; i++) {
  const c = await call('res.partner', 'create', [{ name: 'Azure', is_company: true, email: 'a@example.com', street: 'x', city: 'y' }])
  console.log('create', c.result, c.n, c.ms)
  
  const id = JSON.parse(c.result)
  const wr = await call('res.partner', 'write', [[id], { phone: '123' }])
  console.log('write', wr.result, wr.n, wr.ms)
  
  const rd = await call('res.partner', 'read', [[id], ['name', 'email', 'phone', 'country_id', 'parent_id', 'city', 'street', 'is_company']])
  console.log('read', rd.result, rd.n, rd.ms)
  
  const sr = await call('res.partner', 'search_read', [[['name', 'ilike', 'a'], ['country_id.code', '=', 'KR']]], { fields: ['name', 'country_id', 'category_id'], limit: 80 })
  console.log('sr', sr.result, sr.n, sr.ms)
  
  const ws = await call('res.partner', 'web_search_read', [[], { name: {}, country_id: { fields: { display_name: {} } }, category_id: { fields: { display_name: {}, color: {} } } }], { limit: 8, count_limit: 10001 })
  console.log('ws', ws.result, ws.n, ws.ms)
  
  const all = await call('res.partner', 'read', [[id], []])
  //console.log('all', all.result, all.n, all.ms)
  }
})
