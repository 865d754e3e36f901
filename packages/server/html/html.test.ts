import assert from 'node:assert/strict'
import { test } from 'node:test'
import { href, html, makeNonce, pagePolicy, render } from './index.ts'

const evil = `"><script>alert('1')</script><img src=x onerror=\`x\`>&`

test('text is escaped, in elements and in quoted attributes', () => {
  const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;img src=x onerror=&#96;x&#96;&gt;&amp;'
  assert.equal(render(html`<p>${evil}</p>`), `<p>${escaped}</p>`)
  assert.equal(render(html`<p title="${evil}">x</p>`), `<p title="${escaped}">x</p>`)
  assert.equal(render(html`<title>${evil}</title>`), `<title>${escaped}</title>`)
})

test('pieces of our own making go in as they are, lists one by one, nothing shows nothing', () => {
  const items = ['<a>', html`<b>${'<c>'}</b>`, 7, null, undefined, false, [1n, 'x']]
  assert.equal(render(html`<p>${items}</p>`), '<p>&lt;a&gt;<b>&lt;c&gt;</b>71x</p>')
})

for (const [what, forged] of [
  ['an object with a text', { text: evil, '#text': evil }],
  ["an object dressed in the class's prototype", Object.create(Object.getPrototypeOf(html`<p></p>`))],
  ['an object that was parsed', JSON.parse('{"__proto__":{"toString":1},"texts":["<script>"],"raw":["<script>"]}')],
  ['an object that spells itself', { toString: () => evil }],
  ['true', true],
  ['a function', () => evil],
  ['a symbol', Symbol('x')],
] as const) {
  test(`${what} cannot be shown`, () => {
    assert.throws(() => html`<p>${forged}</p>`, TypeError)
    assert.throws(() => html`<p title="${forged}">x</p>`, TypeError)
  })
}

test('a piece of HTML is no attribute: its quotes would end it', () => {
  assert.throws(() => html`<p title="${html`<i class="x"></i>`}">x</p>`, TypeError)
})

/** A template of these texts, spelled as they are: a formatter would tidy up the very mistakes that are tried. */
const template = (...texts: string[]) => texts as unknown as TemplateStringsArray

for (const [where, texts, value] of [
  ['an attribute without quotes', ['<p title=', '>x</p>']],
  ["an attribute's name", ['<p ', '>x</p>']],
  ["an attribute's name beside others", ['<input name="a" ', '="b">']],
  ["a tag's name", ['<', '>x</p>']],
  ['a script', ['<script>const name = "', '"</script>']],
  ['a script in capitals', ['<SCRIPT >', '</SCRIPT>']],
  ['a script that seems closed', ['<script/>', '</script>']],
  ['a style', ['<style>p { color: ', ' }</style>']],
  ['a style attribute', ['<p style="color: ', '">x</p>']],
  ['an event handler', ['<p onclick="', '">x</p>']],
  ['an event handler in capitals', ['<p ONCLICK="f(\'', '\')">x</p>']],
  ['a framed document', ['<iframe srcdoc="', '"></iframe>']],
  ['a comment', ['<!-- ', ' --><p></p>']],
  ['an end tag', ['<p></p ', '>']],
  ['an address that is put together', ['<a href="/web/', '">x</a>'], href('harmless')],
  ['the beginning of an address', ['<a href="', '/more">x</a>'], href('harmless')],
  ['an address in quotes of another kind', ["<a href='", '">x</a>'], href('harmless')],
] as const) {
  test(`${where} takes no value, not even a harmless one`, () =>
    assert.throws(() => html(template(...texts), value ?? 'harmless'), TypeError))
}

test('single quotes hold as well as double ones', () => {
  assert.equal(render(html(template("<p lang='", "'>x</p>"), "' onclick='x")), "<p lang='&#39; onclick=&#39;x'>x</p>")
})

test('two addresses in one attribute are refused', () => {
  assert.throws(() => html(template('<a href="', '', '">x</a>'), href('a'), href('b')), TypeError)
})

test('a template that ends inside a tag is refused', () => {
  for (const texts of [['<p title="', ''], ['<p'], ['<script>'], ['<!-- ']]) assert.throws(() => html(template(...texts), 'x'), TypeError)
})

test('an address goes through href', () => {
  assert.throws(() => html`<a href="${'/web'}">x</a>`, TypeError)
  assert.throws(() => html`<form action="${'/web'}"></form>`, TypeError)
  assert.throws(() => html`<a href="${{ toString: () => '/web' }}">x</a>`, TypeError)
  assert.equal(render(html`<a href="${href('/web?a=1&b="2')}">x</a>`), '<a href="/web?a=1&amp;b=&quot;2">x</a>')
})

for (const address of [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  '\u0001javascript:alert(1)',
  'java\tscript:alert(1)',
  'java\nscript:alert(1)',
  'javascript\r:alert(1)',
  'java\u0000script:alert(1)',
  'data:text/html,<script>',
  'vbscript:x',
  'file:///etc/passwd',
  'blob:x',
  'view-source:x',
  'filesystem:x',
  'intent:x',
  '\u00a0javascript:alert(1)',
  'javascript&colon;:x',
  'feed:javascript:alert(1)',
])
  test(`${JSON.stringify(address)} leads nowhere`, () => assert.equal(String(href(address)), '#'))

for (const address of [
  'https://azure.example/x?y=z#a:b',
  'HTTP://azure.example',
  'mailto:ann@azure.example',
  '/web',
  'next',
  '?page=2',
  '#top',
  '../up',
  './a:b',
]) {
  test(`${address} stays`, () => assert.equal(String(href(address)), address))
}

test('every page has a nonce of its own and a policy without a hole', () => {
  const nonce = makeNonce()
  assert.notEqual(nonce, makeNonce())
  assert.match(nonce, /^[A-Za-z0-9_-]{24}$/)
  const policy = pagePolicy(nonce)
  assert.match(policy, new RegExp(`style-src 'nonce-${nonce}'`))
  for (const part of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"])
    assert.ok(policy.includes(part))
  assert.doesNotMatch(policy, /unsafe|\*|script-src|https?:/)
})
