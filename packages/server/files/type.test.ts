import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSafeImage, servedType, typeOf } from './type.ts'

for (const [what, content, type] of [
  ['a PNG', Buffer.from('89504e470d0a1a0a0000', 'hex'), 'image/png'],
  ['a JPEG', Buffer.from('ffd8ffe0', 'hex'), 'image/jpeg'],
  ['a WebP', Buffer.from('RIFF0000WEBPVP8 '), 'image/webp'],
  ['a WAV', Buffer.from('RIFF0000WAVEfmt '), 'application/octet-stream'],
  ['a PDF', Buffer.from('%PDF-1.7\n'), 'application/pdf'],
  [
    'a spreadsheet',
    Buffer.from('PK\x03\x04....[Content_Types].xml....xl/workbook.xml', 'latin1'),
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ],
  ['an archive', Buffer.from('PK\x03\x04....a.txt', 'latin1'), 'application/zip'],
  ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>'), 'text/plain'],
  ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), 'text/plain'],
  ['XML', Buffer.from('<?xml version="1.0"?><x/>'), 'text/plain'],
  ['Korean text cut in a letter', Buffer.from('가'.repeat(2000)), 'text/plain'],
  ['nothing', Buffer.alloc(0), 'text/plain'],
  ['UTF-16', Buffer.from('<script>', 'utf16le'), 'application/octet-stream'],
  ['bytes', Buffer.from([0, 1, 2, 200]), 'application/octet-stream'],
] as const) {
  test(`${what} is ${type}`, () => void assert.equal(typeOf(content), type))
}

test('a name chooses among harmless texts and nothing else', () => {
  assert.equal(servedType('text/plain', 'a.csv'), 'text/csv; charset=utf-8')
  assert.equal(servedType('text/plain', 'a.html'), 'text/plain; charset=utf-8')
  assert.equal(servedType('text/plain', 'a.svg'), 'text/plain; charset=utf-8')
  assert.equal(servedType('text/plain', '__proto__'), 'text/plain; charset=utf-8')
  assert.equal(servedType('application/pdf', 'a.csv'), 'application/pdf')
  assert.equal(isSafeImage('image/svg+xml'), false)
})
