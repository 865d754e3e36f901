import type { Column as Part, Content, ContentTable, Margins, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import { type Fact, type Paper, type PaperLine, type Printed, type Proof, localeOf } from '@erp4/orm'

const ink = '#1c2126'
const soft = '#5b6570'
const line = '#d5dade'
const accent = '#0f6b57'

/** The day in every document that is no proof: two prints of one thing are the same bytes. */
const noDay = new Date(0)

/** A document on A4: what it says is set as text alone, and nothing in it is an address of anything. */
export function layoutOf({ paper, proof }: Printed): TDocumentDefinitions {
  const { logo } = paper.seller
  return {
    pageSize: 'A4',
    pageMargins: [48, 44, 48, 56],
    defaultStyle: { font: 'Nanum', fontSize: 9.5, lineHeight: 1.3, color: ink },
    language: localeOf(paper.lang),
    info: { title: paper.title, author: paper.seller.name, creationDate: proof ? new Date(proof.at) : noDay },
    images: { ...(logo ? { logo } : {}), ...(proof?.image ? { signature: proof.image } : {}) },
    content: [
      letterhead(paper),
      { text: paper.title, fontSize: 19, bold: true, margin: [0, 26, 0, 14] },
      above(paper),
      table(paper, paper.lines.filter(isPart)),
      sums(paper),
      ...options(paper),
      ...notes(paper),
      ...(proof ? [proved(proof)] : []),
    ],
    footer: (page, pages) => ({
      columns: [
        { text: `${paper.seller.name}  ·  ${paper.title}`, color: soft },
        { text: `${page} / ${pages}`, alignment: 'right', color: soft, width: 60 },
      ],
      fontSize: 8,
      margin: [48, 18, 48, 0],
    }),
  }
}

const isPart = (one: PaperLine): boolean => one.kind !== 'item' || !one.isOptional

/** Words that come near to the length of a page. */
const isLong = (one: PaperLine): boolean => {
  const text = one.kind === 'item' ? `${one.name}\n${one.detail}` : one.text
  return text.length > 1000 || text.split('\n').length > 20
}

function letterhead({ seller }: Paper): Content {
  const name: Content = seller.logo ? { image: 'logo', fit: [170, 52] } : { text: seller.name, fontSize: 15, bold: true, color: accent }
  return {
    columns: [
      { width: '*', stack: [name] },
      {
        width: 210,
        stack: [...(seller.logo ? [{ text: seller.name, bold: true }] : []), ...seller.lines.map((text) => ({ text, color: soft }))],
        fontSize: 8.5,
        alignment: 'right',
      },
    ],
  }
}

/** Who gets it, and its facts in two columns: beside the one address, below several. */
function above({ parties, facts }: Paper): Content {
  const addresses = parties.map(({ label, lines }): Part => ({
    width: '*',
    stack: [{ text: label, fontSize: 8, color: soft, margin: [0, 0, 0, 2] }, ...lines.map((text, i) => ({ text, bold: i === 0 }))],
  }))
  const half = Math.ceil(facts.length / 2)
  const lists = [factList(facts.slice(0, half)), factList(facts.slice(half))]
  const margin: Margins = [0, 0, 0, 16]
  if (parties.length === 1) return { columns: [...addresses, ...lists], columnGap: 24, margin }
  const rows = [facts.slice(0, half), facts.slice(half)]
  return {
    stack: [
      { columns: addresses, columnGap: 24, margin: [0, 0, 0, 12] },
      ...rows.filter((row) => row.length > 0).map((row): Content => ({ columns: row.map((fact) => factList([fact])), columnGap: 24 })),
    ],
    margin,
  }
}

const factList = (facts: readonly Fact[]): Part => ({
  width: 125,
  stack: facts.map(({ label, value }) => ({
    stack: [
      { text: label, fontSize: 8, color: soft },
      { text: value, margin: [0, 0, 0, 5] as Margins },
    ],
  })),
})

type Item = Extract<PaperLine, { kind: 'item' }>

interface Column {
  readonly head: string
  readonly width: '*' | 'auto'
  readonly align: 'left' | 'right'
  readonly cell: (one: Item) => TableCell
}

/** Only the columns that say something on this document. */
function table({ columns }: Paper, lines: readonly PaperLine[]): ContentTable {
  const items = lines.filter((one) => one.kind === 'item')
  const figure = (head: string, textOf: (one: Item) => string): Column => ({
    head,
    width: 'auto',
    align: 'right',
    cell: (one) => ({ text: textOf(one), alignment: 'right', noWrap: true }),
  })
  const shown: readonly Column[] = [
    { head: columns.description, width: '*', align: 'left', cell: named },
    figure(columns.quantity, (one) => one.quantity),
    figure(columns.price, (one) => one.price),
    ...(items.some((one) => one.discount !== null) ? [figure(columns.discount, (one) => one.discount ?? '')] : []),
    ...(items.some((one) => one.taxes !== '')
      ? [{ head: columns.taxes, width: 'auto', align: 'left', cell: (one: Item) => ({ text: one.taxes, color: soft }) } as const]
      : []),
    figure(columns.amount, (one) => one.amount),
  ]
  return {
    table: {
      headerRows: 1,
      // What does not fit on a page by itself would be cut off there, and signed unseen.
      dontBreakRows: !lines.some(isLong),
      widths: shown.map(({ width }) => width),
      body: [
        shown.map(({ head, align }): TableCell => ({ text: head, fontSize: 8, color: soft, alignment: align })),
        ...lines.map((one) => (one.kind === 'item' ? shown.map(({ cell }) => cell(one)) : heading(one, shown.length))),
      ],
    },
    layout: {
      hLineWidth: (i, node) => (i === 0 ? 0 : i === 1 || i === node.table.body.length ? 0.9 : 0.4),
      vLineWidth: () => 0,
      hLineColor: (i, node) => (i === 1 || i === node.table.body.length ? soft : line),
      paddingLeft: (i) => (i === 0 ? 0 : 7),
      paddingRight: (i, node) => (i === (node.table.widths?.length ?? 0) - 1 ? 0 : 7),
      paddingTop: () => 4.5,
      paddingBottom: () => 3.5,
    },
  }
}

const named = ({ name, detail }: Item): TableCell =>
  detail === '' ? { text: name } : { stack: [{ text: name }, { text: detail, fontSize: 8.5, color: soft }] }

const headings = {
  section: { bold: true, margin: [0, 5, 0, 0] as Margins },
  subsection: { bold: true, color: soft },
  note: { color: soft },
} as const

const heading = ({ kind, text }: Exclude<PaperLine, Item>, span: number): TableCell[] => [
  { text, colSpan: span, ...headings[kind] },
  ...Array.from({ length: span - 1 }, (): TableCell => ''),
]

function sums({ sums: list }: Paper): Content {
  const body = list.map(({ label, value, strong = false }): TableCell[] => {
    const style = { bold: strong, fontSize: strong ? 11.5 : 9.5 }
    return [
      { text: label, color: strong ? ink : soft, ...style },
      { text: value, alignment: 'right', noWrap: true, ...style },
    ]
  })
  return {
    unbreakable: true,
    margin: [0, 10, 0, 0],
    columns: [
      { width: '*', text: '' },
      {
        width: 'auto',
        table: { widths: ['auto', 'auto'], body },
        layout: {
          hLineWidth: (i, node) => (i > 0 && i === node.table.body.length - 1 ? 0.7 : 0),
          vLineWidth: () => 0,
          hLineColor: () => soft,
          paddingLeft: () => 0,
          paddingRight: (i) => (i === 0 ? 24 : 0),
          paddingTop: () => 3.5,
          paddingBottom: () => 2.5,
        },
      },
    ],
  }
}

function options(paper: Paper): Content[] {
  const offered = paper.lines.filter((one) => one.kind === 'item' && one.isOptional)
  return offered.length === 0 ? [] : [{ text: paper.columns.optional, bold: true, margin: [0, 18, 0, 6] }, table(paper, offered)]
}

const notes = ({ notes: list }: Paper): Content[] =>
  list.map(({ label, text }) => ({
    stack: [...(label ? [{ text: label, bold: true, margin: [0, 0, 0, 3] as Margins }] : []), { text, color: soft }],
    margin: [0, 16, 0, 0] as Margins,
    fontSize: 9,
  }))

const proved = ({ title, facts, image }: Proof): Content => ({
  unbreakable: true,
  margin: [0, 26, 0, 0],
  table: {
    widths: ['*'],
    body: [
      [
        {
          margin: [10, 8, 10, 8],
          stack: [
            { text: title, bold: true, fontSize: 11.5, color: accent, margin: [0, 0, 0, 6] },
            ...(image ? [{ image: 'signature', fit: [190, 70] as [number, number], margin: [0, 0, 0, 6] as Margins }] : []),
            ...facts.map(({ label, value }) => ({ text: [{ text: `${label}:  `, color: soft }, value], fontSize: 8.5 })),
          ],
        },
      ],
    ],
  },
  layout: { hLineWidth: () => 0.9, vLineWidth: () => 0.9, hLineColor: () => accent, vLineColor: () => accent },
})
