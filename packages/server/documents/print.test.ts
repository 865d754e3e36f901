import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { BusyError, type Paper } from '@erp4/orm'
import { printPaper, readFonts } from './index.ts'
import { Printer } from './print.ts'

const paper: Paper = {
  lang: 'ko_KR',
  title: '견적서 S00001',
  number: 'S00001',
  seller: { name: '하늘가구', lines: ['서울특별시'], logo: null },
  parties: [{ label: '고객', lines: ['나래전자'] }],
  facts: [{ label: '견적일', value: '2026년 3월 1일' }],
  columns: { description: '설명', quantity: '수량', price: '단가', discount: '할인', taxes: '세금', amount: '금액', optional: '선택 품목' },
  lines: [
    {
      kind: 'item',
      id: 1,
      name: '책상',
      detail: '',
      quantity: '2 개',
      price: '₩1',
      discount: null,
      taxes: '',
      amount: '₩2',
      isOptional: false,
    },
  ],
  sums: [{ label: '합계', value: '₩2', strong: true }],
  notes: [],
}

const wordsOf = (pdf: Buffer): string => execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString()

test('a document is printed with Korean that can be read out again, to the same bytes each time', async () => {
  const [first, second] = [await printPaper('azure', { paper, proof: null }), await printPaper('azure', { paper, proof: null })]
  assert.ok(first.equals(second))
  for (const text of ['견적서 S00001', '하늘가구', '나래전자', '책상', '₩2']) assert.ok(wordsOf(first).includes(text), text)
})

test('a picture that is the address of a file or of a host is not fetched: the document fails, and the next one is printed', async () => {
  let asked = 0
  const server = createServer((_request, response) => void (asked++, response.end()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  for (const logo of [`http://127.0.0.1:${port}/logo.png`, '/etc/hostname', 'file:///etc/hostname'])
    await assert.rejects(
      printPaper('azure', { paper: { ...paper, seller: { ...paper.seller, logo } }, proof: null }),
      /could not be printed/,
    )
  server.close()
  assert.equal(asked, 0)
  assert.ok((await printPaper('azure', { paper, proof: null })).length > 1000)
})

test('what looks like markup or an address in a text is a text', async () => {
  const name = '<b>{{x}}</b> file:///etc/passwd ${1}'
  const [line] = paper.lines as [Extract<Paper['lines'][number], { kind: 'item' }>]
  assert.ok(
    wordsOf(await printPaper('azure', { paper: { ...paper, lines: [{ ...line, name }] }, proof: null })).includes('file:///etc/passwd'),
  )
})

test('a document that never ends fails alone: those behind it are printed', async () => {
  const printer = new Printer({ patienceMs: 10_000 })
  const endless = { ...paper, notes: [{ label: null, text: 'a\n'.repeat(1_000_000) }] }
  const small = { paper, proof: null }
  const all = await Promise.allSettled([
    printer.print('azure', { paper: endless, proof: null }),
    printer.print('azure', small),
    printer.print('beryl', small),
  ])
  assert.deepEqual(
    all.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  )
})

test('instances take turns: one with many documents keeps another from its one for no more than one', async () => {
  const printer = new Printer()
  const small = { paper, proof: null }
  const order: string[] = []
  const print = (instance: string) => printer.print(instance, small).then(() => void order.push(instance))
  const flood = Array.from({ length: 16 }, () => print('azure'))
  await assert.rejects(print('azure'), BusyError)
  await Promise.all([...flood, print('beryl')])
  assert.equal(order.length, 17)
  assert.ok(order.indexOf('beryl') <= 2, order.join())
})

test('of a line that is longer than a page nothing is cut off', async () => {
  const [line] = paper.lines as [Extract<Paper['lines'][number], { kind: 'item' }>]
  const name = `${'word '.repeat(5000)}the-very-end`
  assert.ok(wordsOf(await printPaper('azure', { paper: { ...paper, lines: [{ ...line, name }] }, proof: null })).includes('the-very-end'))
})

test('where the font is missing it is said what to do', () => {
  assert.throws(() => readFonts(['/nonexistent']), /apt-get install fonts-nanum/)
})
