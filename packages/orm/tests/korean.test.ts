import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { customTab } from '../custom/views.ts'
import { ko } from '../i18n/ko.ts'
import { fill } from '../texts.ts'

const source = join(import.meta.dirname, '..')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('tests') && !path.startsWith('i18n'),
)

/** Texts given to `t()`, those with `{names}` that tables of texts hold until one is chosen, and why a migration failed, as it is kept and shown. */
function texts(code: string): string[] {
  const given = [...code.matchAll(/\bt\(\s*(?<quote>['"])(?<text>(?:(?!\k<quote>).)+)\k<quote>/g)]
  const kept = [
    ...code.matchAll(/(?<quote>['"])(?<text>(?:(?!\k<quote>)[^\n`])*(?<!\$)\{(?:model|value|field)\}(?:(?!\k<quote>)[^\n`])*)\k<quote>/g),
  ]
  const reasons = [...code.matchAll(/\bMigrationFailed\(\s*(?<quote>['"])(?<text>(?:(?!\k<quote>).)+)\k<quote>/g)]
  return [...given, ...kept, ...reasons].map(({ groups }) => groups!['text']!)
}

test('everything that the kernel says to people is there in Korean, with the same names in it', () => {
  const said = [customTab, ...files.flatMap((path) => texts(readFileSync(join(source, path), 'utf8')))]
  assert.ok(said.length > 40, `${said.length} texts were found`)
  assert.deepEqual(
    said.filter((text) => !ko[text]),
    [],
    'texts without Korean',
  )
  const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
  for (const [english, korean] of Object.entries(ko)) {
    assert.deepEqual(names(korean), names(english), english)
    assert.ok(said.includes(english), `nobody says '${english}' any more`)
  }
})

test('values are put in as they are, whatever they hold', () => {
  assert.equal(fill('{a} and {b}, {c}', { a: "$& $' {b}", b: 2 }), "$& $' {b} and 2, {c}")
})
