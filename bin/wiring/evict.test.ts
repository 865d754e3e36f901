import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evictGone } from './evict.ts'

test('databases that a change takes away are let go, once, and all others stay', () => {
  const evicted: string[] = []
  let current = ['i_a_g1', 'i_b_g1', 'i_c_g1']
  let changed = (): void => {}
  const databases = { evict: async (key: string) => void evicted.push(key) }
  evictGone(
    databases,
    () => current,
    (listener) => (changed = listener),
  )
  changed()
  assert.deepEqual(evicted, [])
  current = ['i_a_g2', 'i_c_g1', 'i_d_g1']
  changed()
  changed()
  assert.deepEqual(evicted, ['i_a_g1', 'i_b_g1'])
})
