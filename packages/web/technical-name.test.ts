import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTechnicalName, technicalName } from './src/settings/fields/technical-name.ts'

test('a technical name is made of a label in any script, and is one that nobody has', () => {
  for (const [label, name] of [
    ['Loyalty level', 'x_loyalty_level'],
    ['고객 등급', 'x_gogaek_deunggeup'],
    ['Größe (cm)', 'x_gro_e_cm'],
    ['2nd floor?', 'x_2nd_floor'],
    ['顧客', 'x_field'],
    ['  ', 'x_'],
  ] as const)
    assert.equal(technicalName(label, []), name)
  assert.equal(technicalName('Level', ['x_level', 'x_level_2']), 'x_level_3')
  assert.ok(isTechnicalName(technicalName('l'.repeat(200), [`x_${'l'.repeat(54)}`])))
})

test('only names that PostgreSQL and the server take are names', () => {
  for (const name of ['x_', 'level', 'X_level', 'x_a-b', 'x_a b', `x_${'a'.repeat(59)}`, 'x__a'])
    assert.equal(isTechnicalName(name), false, name)
})
