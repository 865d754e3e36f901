import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, scan } from './source.ts'

test('comments are blank, strings are kept in the code and blank in the bare text', () => {
  const { code, bare, text } = scan('a.ts', `const a = 'x // y' // away\n/* b */ const c = 1`)
  assert.equal(code, `const a = 'x // y'        \n        const c = 1`)
  assert.equal(bare, `const a = '      '        \n        const c = 1`)
  assert.equal(code.length, text.length)
})

test('a template knows its tag, and whether something is woven in', () => {
  const { literals, bare } = scan('a.ts', 'run(sql`select ${f({ a: `b` })} from t`, `plain`)')
  assert.deepEqual(
    literals.map(({ tag, woven, text }) => [tag, woven, text]),
    [
      ['sql', true, 'select ${f({ a: `b` })} from t'],
      ['', false, 'b'],
      ['', false, 'plain'],
    ],
  )
  assert.match(bare, /f\(\{ a: ` ` \}\)/)
})

test('a quote in a regular expression opens no string, and a division no expression', () => {
  const { literals } = scan('a.ts', `const a = /['"\`/]/.test(b) ? 4 / 2 : c / 'd'`)
  assert.deepEqual(
    literals.map(({ text }) => text),
    ['d'],
  )
})

test('imports are found in all their spellings, and not in strings or comments', () => {
  const found = importsOf(
    scan(
      'a.ts',
      `import { a,\n b } from 'one'
import type { C } from "two"
export * from './three.ts'
export const quiet = 1
import 'four'
const five = await import('five')
// import 'six'
const text = "import x from 'seven'"
declare module '@erp4/orm/models' {}`,
    ),
  )
  assert.deepEqual(
    found.map(({ from, typeOnly }) => [from, typeOnly]),
    [
      ['one', false],
      ['two', true],
      ['./three.ts', false],
      ['four', false],
      ['five', false],
    ],
  )
})
