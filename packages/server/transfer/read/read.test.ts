import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync, crc32 } from 'node:zlib'
import type { Cell } from '@erp4/orm'
import { UserError } from '@erp4/orm'
import writeExcelFile from 'write-excel-file/node'
import { guarded, unguarded } from '../formulas.ts'
import { writeCsv } from '../write/csv.ts'
import { writeXlsx } from '../write/xlsx.ts'
import { writeZip } from '../write/zip.ts'
import { fileOf } from './file-in-memory.ts'
import { type Inspected, type ReadOptions, inspect, readRows } from './file.ts'
import { openZip } from './zip.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const look = (content: Uint8Array, format: 'csv' | 'xlsx' = 'csv', given: Partial<ReadOptions> = {}, days = ''): Promise<Inspected> =>
  inspect(fileOf(content), format, given, days)

async function rowsOf(content: Uint8Array, format: 'csv' | 'xlsx' = 'csv', given: Partial<ReadOptions> = {}): Promise<unknown[][]> {
  const { options } = await look(content, format, given)
  return all(readRows(fileOf(content), format, { ...options, hasHeader: false }))
}

async function all(rows: AsyncIterable<{ cells: readonly unknown[] }>): Promise<unknown[][]> {
  const found: unknown[][] = []
  for await (const { cells } of rows) found.push([...cells])
  return found
}

const gathered = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(pieces))
async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list
}

// CP949: letters that EUC-KR has (이름, 서울), and two that only Microsoft's extension has (뷁, 똠).
const cp949 = Buffer.concat([
  Buffer.from('c0ccb8a72cb5b5bdc30d0a', 'hex'),
  Buffer.from('94ee2cbcadbfef0d0a', 'hex'),
  Buffer.from('8c63b9e6b0a2c7cf2cb4ebb1b80d0a', 'hex'),
])

for (const [name, content, encoding, first] of [
  ['UTF-8', bytes('이름,도시\nAnn,서울\n'), 'utf-8', ['이름', '도시']],
  ['UTF-8 with its mark', bytes('\ufeffName,City\nAnn,Köln\n'), 'utf-8', ['Name', 'City']],
  ['UTF-16 with its mark', Buffer.from('\ufeffName,City\nAnn,Köln\n', 'utf16le'), 'utf-16le', ['Name', 'City']],
  ['UTF-16 without one', Buffer.from('Name,City\nAnn,Bern\n', 'utf16le'), 'utf-16le', ['Name', 'City']],
  ['UTF-16, the large end first', Buffer.from('\ufeffName,City\nAnn,Bern\n', 'utf16le').swap16(), 'utf-16be', ['Name', 'City']],
  ['Korean as Excel writes it', cp949, 'euc-kr', ['이름', '도시']],
  [
    'Western European',
    Buffer.from('Name,Straße\nJürgen Müller,Königsallee\nFrançois,Rue de la Forêt\n', 'latin1'),
    'windows-1252',
    ['Name', 'Straße'],
  ],
] as const)
  test(`a file in ${name} is read as what it is`, async () => {
    const { options } = await look(content)
    assert.equal(options.encoding, encoding)
    assert.deepEqual((await rowsOf(content))[0], first)
  })

test('letters that only the Korean of Microsoft has are not lost', async () => {
  assert.deepEqual(await rowsOf(cp949), [
    ['이름', '도시'],
    ['뷁', '서울'],
    ['똠방각하', '대구'],
  ])
})

test('a byte in the last row that is not UTF-8 makes another encoding of it, far from the head', async () => {
  const content = Buffer.concat([bytes('name\n' + 'plain\n'.repeat(60_000)), Buffer.from('M\xfcller\nStra\xdfe\n', 'latin1')])
  assert.equal((await look(content)).options.encoding, 'windows-1252')
})

test('an encoding that the file does not have is refused, never guessed at', async () => {
  await assert.rejects(rowsOf(Buffer.from('name\nM\xfcller', 'latin1'), 'csv', { encoding: 'utf-8' }), /not written in utf-8/)
})

for (const [delimiter, text] of [
  [',', 'a,b;x\n1,2;3\n'],
  [';', 'a;b,c\n1;"2;3"\n4;5,6\n'],
  ['\t', 'a\tb\n1,5\t2\n'],
  ['|', 'a|b\n1|2\n'],
] as const)
  test(`the separator ${JSON.stringify(delimiter)} is found out`, async () => {
    assert.equal((await look(bytes(text))).options.delimiter, delimiter)
  })

test('quotation marks hold separators, lines and themselves; within a word they are what they are', async () => {
  assert.deepEqual(await rowsOf(bytes('a,b\r\n"x,\r\ny ""z""",5" pipe\r\n,\r\n')), [
    ['a', 'b'],
    ['x,\r\ny "z"', '5" pipe'],
  ])
})

for (const [name, content, said] of [
  ['a mark that is never closed', bytes('a,b\n1,"2\n' + '3,4\n'.repeat(20)), /Row 2: a quotation mark is opened/],
  ['one that is never closed in many megabytes', bytes('a,b\n1,"' + 'x,y\n'.repeat(3_000_000)), /quotation mark is opened/],
  ['zero bytes', bytes('name\nA\0\0\0\0nn\0x\n'), /zero bytes/],
  ['a zero byte behind much text', bytes('name\n' + 'Ann\n'.repeat(40_000) + 'A\0nn\n'), /zero bytes/],
  ['more columns than any table', bytes(Array.from({ length: 2001 }, (_, i) => `c${i}`).join(',')), /2001 columns/],
  ['nothing at all', bytes(''), /empty/],
  ['nothing but separators', bytes(',,\n,,\n'), /empty/],
] as const)
  test(`${name} is told, in a sentence`, async () => {
    await assert.rejects(rowsOf(content), (error: unknown) => error instanceof UserError && said.test(error.message))
  })

test('a thousand columns are a wide table, and are read', async () => {
  const { headers, sample } = await look(bytes(`${Array.from({ length: 1000 }, (_, i) => `c${i}`).join(',')}\n${'1,'.repeat(999)}1\n`))
  assert.deepEqual([headers.length, sample[0]!.length], [1000, 1000])
})

for (const [text, days, expected] of [
  ['d\n31/01/2026\n05/02/2026\n', '', '%d/%m/%Y'],
  ['d\n01/31/2026\n02/05/2026\n', '%d/%m/%Y', '%m/%d/%Y'],
  ['d\n03/04/2026\n', '%m/%d/%Y', '%m/%d/%Y'],
  ['d\n03/04/2026\n', '%d/%m/%Y', '%d/%m/%Y'],
  ['d\n2026. 1. 31.\n', '', '%Y. %m. %d.'],
  ['d\n2026년 1월 31일\n', '', '%Y년 %m월 %d일'],
  ['d\n2026-01-31\n', '%d/%m/%Y', ''],
] as const)
  test(`${JSON.stringify(text)} is written ${expected || 'plainly'}`, async () => {
    assert.equal((await look(bytes(text), 'csv', {}, days)).options.dateFormat, expected)
  })

for (const [text, decimal, thousand] of [
  ['n;x\n1.234,56;a\n99,5;b\n', ',', '.'],
  ['n;x\n1,234.56;a\n', '.', ','],
  ['n;x\n1,234;a\n2,000,000;b\n', '.', ','],
  ["n;x\n1'234.50;a\n", '.', "'"],
  ['n;x\n1 234,50;a\n', ',', ' '],
  ['n;x\n12.5;a\n', '.', ''],
] as const)
  test(`numbers as in ${JSON.stringify(text)} are understood`, async () => {
    const { options } = await look(bytes(text))
    assert.deepEqual([options.decimal, options.thousand], [decimal, thousand])
  })

test('a first row of names is a header, one of numbers is not', async () => {
  assert.equal((await look(bytes('Name,Age\nAnn,3\n'))).options.hasHeader, true)
  const { options, headers } = await look(bytes('Ann,3\nBob,4\n'))
  assert.deepEqual([options.hasHeader, headers], [false, ['A', 'B']])
})

// ---- Excel ---------------------------------------------------------------------------------------

/** A workbook of one sheet with this XML in it. */
const workbook = (sheet: string, more: Record<string, string> = {}): Promise<Buffer> =>
  gathered(
    writeZip(
      Object.entries({
        '[Content_Types].xml': '<Types/>',
        'xl/workbook.xml': '<workbook xmlns:r="r"><sheets><sheet name="One" r:id="rId1"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels': '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        'xl/worksheets/sheet1.xml': sheet,
        ...more,
      }).map(([name, xml]) => ({ name, content: each([bytes(xml)]) })),
    ),
  )

test('a workbook that another program wrote is read: texts, numbers, yes and no, days and moments', async () => {
  const content = await writeExcelFile(
    [
      ['Name', 'Born', 'Seen', 'Paid', 'Price'].map((value) => ({ value })),
      [
        { value: '김 & <Söhne>', type: String },
        { value: new Date('1984-02-29T00:00:00Z'), type: Date, format: 'dd.mm.yyyy' },
        { value: new Date('2026-03-01T13:30:15Z'), type: Date, format: 'yyyy-mm-dd hh:mm:ss' },
        { value: true, type: Boolean },
        { value: 0.1 + 0.2, type: Number },
      ],
    ] as never,
    { sheet: '고객' } as never,
  ).toBuffer()
  const { sheets, headers, sample } = await look(content, 'xlsx')
  assert.deepEqual([sheets, headers], [['고객'], ['Name', 'Born', 'Seen', 'Paid', 'Price']])
  assert.deepEqual(sample, [['김 & <Söhne>', '1984-02-29', '2026-03-01 13:30:15', true, 0.3]])
})

test('formulas are taken as the values they had, hidden readings are not part of names, and gaps stay gaps', async () => {
  const content = await workbook(
    `<worksheet><sheetData>
      <row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="C1" t="inlineStr"><is><t>c</t></is></c></row>
      <row r="3"><c r="A3"><f>HYPERLINK("http://evil")</f><v>7</v></c><c r="B3" t="s"><v>0</v></c><c r="C3" t="e"><v>#N/A</v></c></row>
    </sheetData></worksheet>`,
    { 'xl/sharedStrings.xml': '<sst><si><r><t>東</t></r><r><t>京</t></r><rPh><t>トウキョウ</t></rPh></si></sst>' },
  )
  assert.deepEqual(await rowsOf(content, 'xlsx'), [
    ['a', '', 'c'],
    [7, '東京', '#N/A'],
  ])
})

/** An archive by hand, whose claims need not be true. */
function forged({
  claims,
  content,
  entries = 1,
  local = claims,
}: {
  claims: number
  content: Buffer
  entries?: number
  local?: number
}): Buffer {
  const packed = deflateRawSync(content)
  const name = bytes('xl/workbook.xml')
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  head.writeUInt16LE(8, 8)
  head.writeUInt32LE(local, 22)
  head.writeUInt16LE(name.length, 26)
  const entry = Buffer.alloc(46)
  entry.writeUInt32LE(0x02014b50, 0)
  entry.writeUInt16LE(8, 10)
  entry.writeUInt32LE(crc32(content), 16)
  entry.writeUInt32LE(packed.length, 20)
  entry.writeUInt32LE(claims, 24)
  entry.writeUInt16LE(name.length, 28)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries, 10)
  end.writeUInt32LE(entry.length + name.length, 12)
  end.writeUInt32LE(head.length + name.length + packed.length, 16)
  return Buffer.concat([head, name, packed, entry, name, end])
}

const bomb = Buffer.alloc(50 << 20, ' ')

for (const [name, content, said] of [
  ['a gigabyte that is claimed', forged({ claims: 1 << 30, content: bytes('<x/>') }), /1024 MB unpacked/],
  ['a bomb that says what it is', forged({ claims: 400 << 20, content: bomb }), /MB unpacked/],
  ['a bomb that says it is small', forged({ claims: 100, content: bomb }), /damaged/],
  ['one whose inner header claims a gigabyte', forged({ claims: 100, local: 1 << 30, content: bomb }), /damaged/],
  ['sixty thousand parts', forged({ claims: 4, content: bytes('<x/>'), entries: 60_000 }), /60000 parts/],
  ['a list of parts that is not there', forged({ claims: 4, content: bytes('<x/>'), entries: 2 }), /damaged/],
  ['an archive cut short', forged({ claims: 4, content: bytes('<x/>') }).subarray(0, 60), /damaged/],
  ['no archive', bytes('PK\x03\x04 and nothing more'), /damaged/],
] as const)
  test(`of ${name} nothing is unpacked beyond the limit`, async () => {
    const before = process.memoryUsage().rss
    await assert.rejects(look(content, 'xlsx'), (error: unknown) => error instanceof UserError && said.test(error.message))
    assert.ok(process.memoryUsage().rss - before < 200 << 20)
  })

test('a document that declares entities is refused: nothing expands, and nothing is fetched', async () => {
  const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')
  for (const doctype of [`<!DOCTYPE x [<!ENTITY e0 "lol">${entities}]>`, '<!DOCTYPE x SYSTEM "file:///etc/passwd">']) {
    const content = await workbook(
      `${doctype}<worksheet><sheetData><row><c t="inlineStr"><is><t>&e9;</t></is></c></row></sheetData></worksheet>`,
    )
    await assert.rejects(look(content, 'xlsx'), /damaged/)
  }
})

test('a cell at the far end of the sheet costs no more than itself', async () => {
  const far = (at: string): Promise<Buffer> =>
    workbook(
      `<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="${at}"><v>2</v></c></row></sheetData></worksheet>`,
    )
  assert.deepEqual(await rowsOf(await far('B1048576'), 'xlsx'), [[1], ['', 2]])
  await assert.rejects(rowsOf(await far('XFD1048576'), 'xlsx'), /more than 2000 columns/)
})

// ---- There and back ------------------------------------------------------------------------------

const nasty: Cell[][] = [
  ['a', 'b', 'c', 'd'],
  ['=1+1', '+82 2 123', '-5', '@SUM(A1)'],
  ['\tx', '\rx', '\uff1d1', "'=1"],
  ["''@x", "'plain", '=cmd|" /C calc"!A0', 'a,"b"\r\nc'],
  [-5, 1.5, true, false],
  [' spaces ', '', '_x0041_', 'line\nbreak'],
]

test('nothing that is written to CSV begins like a formula, and all of it comes back as it was', async () => {
  const content = await gathered(writeCsv(each(nasty)))
  assert.deepEqual([...content.subarray(0, 3)], [0xef, 0xbb, 0xbf])
  const raw = content.toString().slice(1)
  assert.doesNotMatch(raw, /(^|,|\n)"?[=+@\t\uff1d]/)
  assert.deepEqual(
    await rowsOf(content),
    nasty.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : String(cell)))),
  )
})

test('all of it comes back from Excel too, with its types, and no cell holds a formula', async () => {
  const content = await gathered(writeXlsx(each(nasty), ['text', 'text', 'text', 'text'], 'Sheet'))
  const { options } = await look(content, 'xlsx')
  assert.deepEqual(
    await all(readRows(fileOf(content), 'xlsx', { ...options, hasHeader: false })),
    nasty.map((row) => row.map((cell) => cell)),
  )
  const zip = await openZip(fileOf(content), { maxBytes: 1 << 20, maxEntries: 10 })
  assert.doesNotMatch((await gathered(zip.read('xl/worksheets/sheet1.xml'))).toString(), /<f[ >]/)
})

test('a spreadsheet that separates by something else than commas finds no formula either, within quotation marks or after them', async () => {
  const hidden = [
    'x;=1+1;y',
    'x\t+1',
    '"\n-1\n"',
    'a;b;@c',
    ';;=1',
    "x;'=1",
    '";=1;"',
    '|=1',
    'x\r\n=1',
    ';\uff1d1',
    'x;"=1"',
    'a;b',
    'a-b; c',
  ]
  const content = await gathered(writeCsv(each([hidden, ['before', ...hidden.slice(1)]])))
  assert.doesNotMatch(content.toString().slice(1), /(^|[;,|\t\r\n])"*[=+\-@\uff1d]/)
  assert.deepEqual(await rowsOf(content), [hidden, ['before', ...hidden.slice(1)]])
})

test('an apostrophe that keeps a text from being a formula is taken away once, and no other is', () => {
  for (const text of [
    '=x',
    "'=x",
    "''=x",
    "'x",
    'x',
    '',
    '-',
    "'",
    '=',
    '\t',
    'a;=x',
    "a;'=x",
    `a;'"=x`,
    `a;"'=x`,
    "'\t'=x",
    "a;'x",
    ';;',
    "\n'-",
  ])
    assert.equal(unguarded(guarded(text)), text, JSON.stringify(text))
  assert.equal(unguarded("'+82"), '+82')
})

// ---- What nobody's program writes ------------------------------------------------------------------

const sheetOf = (cells: string): string => `<worksheet><sheetData><row>${cells}</row></sheetData></worksheet>`
const million = 1_000_000

for (const [name, sheet, more] of [
  ['tags a million deep', `<worksheet>${'<row>'.repeat(million)}`, {}],
  ['a comment that does not end', `<worksheet><!--${'x'.repeat(20 * million)}`, {}],
  ['an attribute of twenty megabytes', `<worksheet a="${'x'.repeat(20 * million)}"/>`, {}],
  ['texts a million deep', sheetOf('<c t="s"><v>0</v></c>'), { 'xl/sharedStrings.xml': `<sst>${'<si>'.repeat(million)}` }],
] as const)
  test(`a workbook with ${name} is refused before it fills the memory`, async () => {
    await assert.rejects(rowsOf(await workbook(sheet, more), 'xlsx'), /damaged/)
  })

test('a format of a million brackets is none of days, and is found to be none at once', async () => {
  const styles = `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="${'['.repeat(million)}d"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>`
  const started = performance.now()
  const sheet = '<worksheet><sheetData><row><c s="0"><v>1</v></c><c><v>2</v></c></row></sheetData></worksheet>'
  assert.deepEqual(await rowsOf(await workbook(sheet, { 'xl/styles.xml': styles }), 'xlsx'), [[1, 2]])
  assert.ok(performance.now() - started < 60_000, 'looked at again and again, it takes hours')
})

test('half of a letter in a cell is no half of a letter in what is kept', async () => {
  const half = '<c t="inlineStr"><is><t>a_xD800_b_x0000_</t></is></c><c t="inlineStr"><is><t>c</t></is></c>'
  const { headers } = await look(await workbook(sheetOf(half)), 'xlsx', { hasHeader: true }).catch(async () =>
    look(await workbook(sheetOf(half)), 'xlsx', { hasHeader: false }),
  )
  for (const text of [...headers, ...(await rowsOf(await workbook(sheetOf(half)), 'xlsx')).flat()]) assert.ok(String(text).isWellFormed())
})

test("a language's way of writing days that asks for the same digits forty times fits nothing, and at once", async () => {
  const started = performance.now()
  for (const days of ['%d'.repeat(40), '%m%d%H%M%S'.repeat(8), '%q', '%__proto__', '%constructor'])
    assert.equal((await look(bytes(`a;b\n${'1'.repeat(60)}x;c\n`), 'csv', {}, days)).options.dateFormat, '')
  assert.ok(performance.now() - started < 60_000, 'looked at again and again, it takes hours')
})

test('a text of a megabyte that many cells name is refused before it is a hundred, and shown only in its beginning', async () => {
  const texts = { 'xl/sharedStrings.xml': `<sst><si><t>${'x'.repeat(million)}</t></si></sst>` }
  const rows = (count: number): Promise<Buffer> =>
    workbook(`<worksheet><sheetData>${'<row><c t="s"><v>0</v></c><c><v>1</v></c></row>'.repeat(count)}</sheetData></worksheet>`, texts)
  await assert.rejects(all(readRows(fileOf(await rows(100)), 'xlsx', (await look(await rows(2), 'xlsx')).options)), /more than 64 MB/)
  const { headers, sample } = await look(await rows(50), 'xlsx')
  assert.ok(JSON.stringify([headers, sample]).length < 10_000)
  assert.equal(String((await rowsOf(await rows(2), 'xlsx'))[0]![0]).length, million, 'what is imported is whole')
})

test('what a workbook says of itself is no larger than a book', async () => {
  const styles = `<styleSheet><numFmts>${'<numFmt numFmtId="1" formatCode="d"/>'.repeat(million / 2)}</numFmts></styleSheet>`
  await assert.rejects(rowsOf(await workbook(sheetOf('<c><v>1</v></c>'), { 'xl/styles.xml': styles }), 'xlsx'), /damaged/)
})

test('a megabyte of digits in groups is no number, and is found to be none at once', async () => {
  const started = performance.now()
  const { options } = await look(bytes(`amount;name\n1${',111'.repeat(million / 4)},1;Ada\n`))
  assert.deepEqual([options.decimal, options.thousand], ['.', ''])
  assert.ok(performance.now() - started < 60_000, 'its groups looked for from each of them, it takes hours')
})
