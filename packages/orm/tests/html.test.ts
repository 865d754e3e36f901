import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sanitizeHtml } from '@erp4/orm'
import { world } from '@erp4/testing'

/** Whatever could run, frame, send or load in a reader's browser; what is left over may be anything without these. */
const alive =
  /<\s*(?:script|style|iframe|object|embed|form|input|base|link|meta|svg|math|template)|\bon\w+\s*=|style\s*=|srcdoc|(?:java|vb)script:|data:text/i

for (const attack of [
  '<script>alert(1)</script>',
  '<ScRiPt/x>alert(1)</sCrIpT>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<img src="x` `<script>alert(1)</script>"` `>',
  '<p onclick="alert(1)" style="background:url(http://evil.example)">text</p>',
  '<a href="javascript:alert(1)">text</a>',
  '<a href=" java\nscript:alert(1)">text</a>',
  '<a href="&#106;avascript:alert(1)">text</a>',
  '<a href="data:text/html,<script>alert(1)</script>">text</a>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '<form action="http://evil.example"><input name=password></form>',
  '<base href="http://evil.example/"><link rel=stylesheet href=x><meta http-equiv=refresh content="0;url=x">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
  '<style>@import "http://evil.example"</style>',
])
  test(`formatted text is harmless after ${JSON.stringify(attack).slice(0, 60)}`, () => {
    const tags = sanitizeHtml(attack).match(/<[^>]*>/g) ?? []
    // What stands in quotes there is shown as text by browsers, whatever it looks like.
    for (const tag of tags) assert.doesNotMatch(tag.replaceAll(/ (?:title|alt|class)="[^"]*"/g, ''), alive)
  })

test('what people write stays as they wrote it', () => {
  const note =
    '<h2>Visit</h2><p>Met <b>Ada</b>, see <a href="https://azure.example/a?b=1&amp;c=2">the plan</a>.</p><ul><li>한국어</li></ul>'
  assert.equal(sanitizeHtml(note), note)
})

for (const tags of ['<ul><li>', '<i></z>', '<svg><a>', '<z>'])
  test(`text within half a million ${tags} is refused at once`, () => {
    const started = performance.now()
    assert.throws(() => sanitizeHtml(tags.repeat(1_000_000 / tags.length)), /nested too deep/)
    assert.ok(performance.now() - started < 30_000, 'read to its end, it takes minutes')
  })

test('quotations within quotations, as long threads of letters have them, are no nest', () => {
  const thread = `${'<blockquote>'.repeat(100)}<p>Yes.</p>${'</blockquote>'.repeat(100)}`
  assert.equal(sanitizeHtml(thread), thread)
  assert.match(sanitizeHtml('<p>one'.repeat(10_000) + '<br>'.repeat(10_000)), /^<p>one<\/p>/)
})

test('a field of formatted text is cleaned when it is written, whoever writes it', async () => {
  const { person, system } = await world(contacts)
  const ann = await person(contactManager)
  const [id] = (await ann.model('res.partner').create({ name: 'Ada', comment: '<p>hello<script>alert(1)</script></p>' })).ids
  const stored = () => system.model('res.partner').browse([id!]).read(['comment'])
  assert.equal((await stored())[0]?.comment, '<p>hello</p>')
  await system.model('res.partner').browse([id!]).write({ comment: '<a href="javascript:alert(1)">x</a>' })
  assert.equal((await stored())[0]?.comment, '<a>x</a>')
})
