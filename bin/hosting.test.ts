import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicOrigin } from './hosting.ts'

test('links in letters lead to the proxy that ends TLS, if one is named, and to this machine otherwise', () => {
  assert.equal(publicOrigin('erp.example.com', 8069, '10.0.0.5'), 'https://erp.example.com')
  assert.equal(publicOrigin('erp.example.com', 8069, ' '), 'http://erp.example.com:8069')
  assert.equal(publicOrigin('erp.example.com', 80, ''), 'http://erp.example.com')
  for (const local of ['demo.localhost', 'localhost', '127.0.0.2'])
    assert.equal(publicOrigin(local, 8069, '10.0.0.5'), `http://${local}:8069`)
  assert.equal(publicOrigin('notlocalhost.example', 8069, '10.0.0.5'), 'https://notlocalhost.example')
})
