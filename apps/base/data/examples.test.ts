import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleCompanies, examplePeople, exampleTags, exampleUsers } from './examples.ts'
import { listSubdivisions } from './subdivisions.ts'

test('every example lies in a subdivision that is there, or in a country without any', () => {
  const known = new Set(listSubdivisions().map((one) => `${one.country}-${one.code}`))
  for (const one of [...exampleCompanies, ...examplePeople]) {
    if (one.state === undefined) assert.equal(one.country, 'SG', one.name)
    else assert.ok(known.has(`${one.country}-${one.state}`), `${one.name}: ${one.country}-${one.state}`)
  }
})

test('every tag of an example is there, under a parent that has none', () => {
  const ids = new Set(exampleTags.map((tag) => tag.id))
  for (const company of exampleCompanies) for (const tag of company.tags) assert.ok(ids.has(tag), tag)
  for (const { parent } of exampleTags) if (parent) assert.equal(exampleTags.find((tag) => tag.id === parent)?.parent, undefined)
})

test('external ids of examples are unique', () => {
  const ids = [...exampleCompanies, ...examplePeople, ...exampleTags, ...exampleUsers].map((one) => one.id)
  assert.equal(new Set(ids).size, ids.length)
})
