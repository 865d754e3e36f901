import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvOf, tabbed } from './src/views/pivot/copy.ts'

/** What records, fields that people made and groups may be called. */
const hostile = ['=1+1', '+82', '-x', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1', '＋1', '－1', '＠x', "'=1", "''+1", '=a,"b"']

test('no name of a group, a column or a figure runs as a formula in a spreadsheet, be it copied or saved; numbers stay numbers', () => {
  const lines = [hostile, [-5, 'Desk']]
  assert.equal(csvOf([['a,b', -5, '한글']]), '\uFEFF"a,b",-5,한글\r\n')
  for (const name of hostile) {
    const kept = `'${name.replace(/^([\t\r\n])=/, "$1'=")}`
    assert.ok([`\uFEFF${kept}\r\n`, `\uFEFF"${kept.replaceAll('"', '""')}"\r\n`].includes(csvOf([[name]])), JSON.stringify(name))
    assert.doesNotMatch(csvOf([['a', `x;${name};y`]]), /[;|\t\r\n]"*[=+\-@＝＋－＠]/, JSON.stringify(name))
    assert.ok(tabbed([[name]]).startsWith("'"), JSON.stringify(name))
  }
  assert.deepEqual(tabbed(lines).split('\n')[1], '-5\tDesk')
})
