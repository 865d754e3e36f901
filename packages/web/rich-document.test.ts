import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Document,
  addressOf,
  breakBlock,
  isEditable,
  isMarked,
  linkAt,
  read,
  replace,
  setKind,
  setLink,
  toggleMark,
  type,
  write,
} from './src/rich/document.ts'

const at = (block: number, offset: number) => ({ block, offset })
const all = (document: Document) => ({ from: at(0, 0), to: at(document.length - 1, 999) })
const from = (block: number, offset: number, to = at(block, offset)) => ({ from: at(block, offset), to })

describe('formatted text', () => {
  test('is written as it was read, in the spelling of the server', () => {
    for (const html of [
      '<p>Dear <b>Ada</b>,</p><p>see <a href="https://azure.example/?a=1&amp;b=2">the <i>plan</i></a>.<br />Bye</p>',
      '<ul><li>one</li><li><b><i>two</i></b></li></ul><ol><li>three</li></ol><p>four</p>',
      '<h2>Offer</h2><p>a &lt; b</p><blockquote>said</blockquote><p><br /></p><p>end</p>',
      '<p>안녕하세요 <u>고객</u>님</p>',
      '<p>{{ partner_id.name }}</p>',
      '',
    ])
      assert.equal(write(read(html)), html)
  })

  test('is the same text where it is spelt in another way', () => {
    const odd = '  <div>Hello <strong>Ada</strong></div>\n <p>\n  two\n lines<br>here </p><ul>\n<li><p>x</p></li>\n</ul>words'
    assert.equal(write(read(odd)), '<p>Hello <b>Ada</b></p><p>two lines<br />here</p><ul><li>x</li></ul><p>words</p>')
    assert.ok(isEditable(odd))
  })

  test('with more than a document can hold is known as such, and keeps its words', () => {
    for (const [html, words] of [
      ['<table><tr><td>a</td><td>b</td></tr></table>', '<p>a b </p>'],
      ['<p>x<img src="https://azure.example/a.png" /></p>', '<p>x</p>'],
      ['<p class="center">x</p>', '<p>x</p>'],
      ['<ul><li>a<ul><li>b</li></ul></li></ul>', '<ul><li>a</li><li>b</li></ul>'],
      ['<ul><li><p>a</p><p>b</p></li></ul>', '<ul><li>a</li><li>b</li></ul>'],
      ['<p><font color="red">x</font></p>', '<p>x</p>'],
    ] as const) {
      assert.equal(isEditable(html), false, html)
      assert.equal(write(read(html)), words.replace(' </p>', '</p>'), html)
    }
  })

  test('whatever is pasted becomes nothing that runs, loads or leads elsewhere than to an address of web or mail', () => {
    for (const attack of [
      '<img src=x onerror=alert(1)><script>alert(1)</script>',
      '<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
      '<svg><script>alert(1)</script></svg><iframe srcdoc="<script>alert(1)</script>"></iframe>',
      '<p style="background:url(https://evil.example)">x</p><style>p{}</style>',
      '<a href="data:text/html,x">x</a><a href="//evil.example">y</a>',
      '<b<script>>x</b>',
    ]) {
      const written = write(read(attack))
      for (const [tag] of written.matchAll(/<[^>]*>/g)) assert.match(tag, /^<\/?(?:p|b|br|a)(?: \/)?>$/, `${attack} → ${written}`)
    }
  })
})

describe('an editor of formatted text', () => {
  test('types as the words before look, but not on into a link that ends there', () => {
    assert.equal(write(type(read('<p><b>a</b>c</p>'), from(0, 1), 'b').document), '<p><b>ab</b>c</p>')
    const link = read('<p><a href="https://a.example">a</a></p>')
    assert.equal(write(type(link, from(0, 1), ' b').document), '<p><a href="https://a.example">a</a> b</p>')
    assert.equal(write(type(read('<p>ab</p><p>cd</p>'), from(0, 1, at(1, 1)), 'x').document), '<p>axd</p>')
  })

  test('breaks a block in two, ends a list by an empty item, and joins blocks again', () => {
    const item = read('<ul><li>ab</li></ul>')
    const broken = breakBlock(item, from(0, 1))
    assert.deepEqual([write(broken.document), broken.caret], ['<ul><li>a</li><li>b</li></ul>', at(1, 0)])
    const empty = breakBlock(item, from(0, 2))
    assert.deepEqual(
      breakBlock(empty.document, from(1, 0)).document.map(({ kind }) => kind),
      ['ul', 'p'],
    )
    assert.deepEqual(
      breakBlock(read('<h2>ab</h2>'), from(0, 0)).document.map(({ kind }) => kind),
      ['h2', 'p'],
    )
    assert.deepEqual(replace(broken.document, { from: at(0, 1), to: at(1, 0) }, []), { document: item, caret: at(0, 1) })
  })

  test('puts several blocks where something was chosen', () => {
    const pasted = replace(read('<p>start end</p>'), from(0, 5, at(0, 6)), read('<p>a</p><ul><li>b</li></ul>'))
    assert.deepEqual([write(pasted.document), pasted.caret], ['<p>starta</p><ul><li>bend</li></ul>', at(1, 1)])
  })

  test('makes words bold over several blocks, and plain again', () => {
    const plain = read('<p>one <i>two</i></p><p>three</p>')
    const bold = toggleMark(plain, from(0, 2, at(1, 2)), 'b')
    assert.equal(write(bold), '<p>on<b>e </b><b><i>two</i></b></p><p><b>th</b>ree</p>')
    assert.ok(isMarked(bold, from(0, 2, at(1, 2)), 'b') && !isMarked(bold, all(bold), 'b'))
    assert.deepEqual(toggleMark(bold, from(0, 2, at(1, 2)), 'b'), plain)
  })

  test('makes lists and links of what is chosen', () => {
    const list = setKind(read('<p>a</p><p>b</p>'), from(0, 0, at(1, 0)), 'ol')
    assert.equal(write(list), '<ol><li>a</li><li>b</li></ol>')
    const linked = setLink(read('<p>see it <b>here</b> now</p>'), from(0, 4, at(0, 11)), 'https://a.example/?q="x"')
    assert.equal(write(linked), '<p>see <a href="https://a.example/?q=&quot;x&quot;">it <b>here</b></a> now</p>')
    assert.deepEqual(linkAt(linked, at(0, 9)), { from: at(0, 4), to: at(0, 11), href: 'https://a.example/?q="x"' })
    assert.equal(linkAt(linked, at(0, 13)), null)
  })

  test('takes addresses of the web and of mail for links, and nothing else', () => {
    assert.deepEqual(
      ['azure.example', 'https://azure.example/a b', ' HTTPS://azure.example ', 'ada@azure.example', 'mailto:ada@azure.example'].map(
        addressOf,
      ),
      ['https://azure.example', null, 'HTTPS://azure.example', 'mailto:ada@azure.example', 'mailto:ada@azure.example'],
    )
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '//evil.example', 'hello', ' ', 'java\nscript:x'])
      assert.equal(addressOf(bad), null)
  })
})
