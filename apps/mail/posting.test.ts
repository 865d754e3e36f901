import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contactManager, employee, portal } from '@erp4/base'
import { mail, preview, sendLetter } from '@erp4/mail'
import { AccessError, UserError, ValidationError, callMethod, sql } from '@erp4/orm'
import { type Actor, type WaitingLetter, waitingLetters, world } from '@erp4/testing'

const here = await world(mail)
const ann = await here.person(contactManager)
const bob = await here.person(employee)
const pat = await here.person(portal)
for (const [person, email] of [
  [ann, 'ann@ours.example'],
  [bob, 'bob@ours.example'],
  [pat, 'pat@azure.example'],
] as const)
  await here.system.model('res.partner').browse([person.user.partner_id]).write({ email })
/** A customer who sees her own company. */
const azure = pat.user.partner_id
await here.system.model('res.partner').browse([azure]).write({ name: 'Azure', is_company: true })

async function company(name: string, more: Record<string, unknown> = {}): Promise<number> {
  return (await here.system.model('res.partner').create({ name, is_company: true, email: `info@${name.toLowerCase()}.example`, ...more }))
    .ids[0]!
}

const rpc = (who: Actor, id: number, method: string, kwargs: Record<string, unknown> = {}, model = 'res.partner') =>
  who.call((env) => callMethod(env, { model, method, args: [[id]], kwargs })) as Promise<any>
const say = async (who: Actor, id: number, kwargs: Record<string, unknown>): Promise<number> =>
  (await rpc(who, id, 'message_post', kwargs))[0]
const comment = (body: string, more = {}) => ({ body, message_type: 'comment', subtype_xmlid: 'mail.mt_comment', ...more })
const note = (body: string, more = {}) => ({ body, message_type: 'comment', subtype_xmlid: 'mail.mt_note', ...more })

type Queued = WaitingLetter
/** Letters that went into the outbox while `work` ran. */
async function lettersOf(work: () => Promise<unknown>): Promise<Queued[]> {
  const all = () => here.databases.use(here.database, (cx) => waitingLetters(cx, here.keys))
  const before = (await all()).length
  await work()
  return (await all()).slice(before).toSorted((a, b) => (a.to < b.to ? -1 : 1))
}
const counts = () =>
  here.databases.use(here.database, (cx) =>
    cx.query(sql`select (select count(*)::int4 from mail_message) as messages, (select count(*)::int4 from outbox) as letters,
      (select count(*)::int4 from mail_followers) as followers, (select count(*)::int4 from mail_activity where active) as activities`),
  )
/** What is refused changes nothing. */
async function refuses(work: () => Promise<unknown>, kind: new (...args: never[]) => Error): Promise<void> {
  const before = await counts()
  await assert.rejects(work(), kind)
  assert.deepEqual(await counts(), before)
}

describe('a message', () => {
  test('is cleaned, keeps its author, and is read by whoever may read the record', async () => {
    const id = await say(ann, azure, comment('<p onclick="x()">Hello<script>alert(1)</script></p>'))
    const [read] = await bob.model('mail.message').browse([id]).read(['body', 'author_id', 'model', 'res_id', 'is_internal', 'record_name'])
    assert.deepEqual([read!.body, read!.author_id, read!.model, read!.res_id], ['<p>Hello</p>', ann.user.partner_id, 'res.partner', azure])
    assert.deepEqual([read!.is_internal, read!.record_name], [false, 'Azure'])
    assert.deepEqual((await bob.model('res.partner').browse([azure]).read(['message_ids']))[0]!.message_ids.includes(id), true)
  })

  test('is a note unless it says otherwise, as integrations expect', async () => {
    const [read] = await ann
      .model('mail.message')
      .browse([await say(ann, azure, { body: 'plain' })])
      .read(['is_internal', 'subtype_id.name'])
    assert.deepEqual([read!.is_internal, read!.subtype_id?.name], [true, 'Note'])
  })

  test('goes to the followers but its author, in a letter to each', async () => {
    const lime = await company('Lime')
    await rpc(ann, lime, 'message_subscribe', { partner_ids: [bob.user.partner_id, lime] })
    const sent = await lettersOf(() => say(ann, lime, comment('<p>The &lt;lamp&gt; is here</p>')))
    assert.deepEqual(
      sent.map(({ to }) => to),
      ['bob@ours.example', 'info@lime.example'],
    )
    const [toBob, toLime] = sent as [Queued, Queued]
    assert.match(toBob.text, /Ann wrote about Lime\n\nThe <lamp> is here\n\nOpen Lime: https:\/\/world\.example\/odoo\/res\.partner\/\d+/)
    assert.doesNotMatch(toLime.text, /odoo/)
    assert.deepEqual([toBob.sender.name, toBob.reply?.address, toBob.language], ['Ann', 'ann@ours.example', 'en-US'])
  })

  test('of a colleague makes him a follower', async () => {
    const mint = await company('Mint')
    await say(ann, mint, comment('One'))
    await say(ann, mint, comment('Two'))
    const [read] = await ann.model('res.partner').browse([mint]).read(['message_follower_ids.partner_id'])
    assert.deepEqual(
      read!.message_follower_ids.map((one) => one.partner_id),
      [ann.user.partner_id],
    )
  })

  test('is not made, changed or deleted by any other way, and not about what one may not read', async () => {
    const id = await say(ann, azure, comment('Hers'))
    await refuses(() => ann.model('mail.message').create({ body: 'x', model: 'res.partner', res_id: azure } as never), AccessError)
    await refuses(() => bob.model('mail.message').browse([id]).write({ body: 'y' }), AccessError)
    await refuses(() => ann.model('mail.message').browse([id]).unlink(), AccessError)
    const other = await here.company('Elsewhere')
    const hidden = await company('Hidden', { company_id: other })
    for (const target of [hidden, 987_654]) await refuses(() => say(ann, target, comment('x')), AccessError)
  })

  test('does not go to whom, or with what, its author may not see', async () => {
    const other = await here.company('Overseas')
    const hidden = await company('Unseen', { company_id: other })
    await refuses(() => say(ann, azure, comment('x', { partner_ids: [hidden] })), AccessError)
    const [file] = (await bob.model('ir.attachment').create({ name: 'his', raw: Buffer.from('his') as never })).ids
    await refuses(() => say(ann, azure, comment('x', { attachment_ids: [file] })), AccessError)
    await refuses(() => say(ann, azure, comment('x'.repeat(600_000))), ValidationError)
    await refuses(() => say(ann, azure, { body: 'x', subtype_xmlid: 'mail.nothing' }), UserError)
  })

  test('goes with its record', async () => {
    const gone = await company('Gone')
    const id = await say(ann, gone, comment('x'))
    await ann.model('res.partner').browse([gone]).unlink()
    assert.deepEqual(await here.system.model('mail.message').browse([id]).read(['body']), [])
  })
})

describe('a note', () => {
  test('is nothing to a customer, by any way, and neither is its file', async () => {
    const [file] = (await ann.model('ir.attachment').create({ name: 'costs', raw: Buffer.from('cost price') as never })).ids as [number]
    const [open] = (await ann.model('ir.attachment').create({ name: 'offer', raw: Buffer.from('offer') as never })).ids as [number]
    const secret = await say(ann, azure, note('Secret margin', { attachment_ids: [file] }))
    const shared = await say(ann, azure, comment('For you', { attachment_ids: [open] }))
    const seen = await pat.model('mail.message').find(
      [
        ['model', '=', 'res.partner'],
        ['res_id', '=', azure],
      ],
      ['body'],
    )
    assert.ok(seen.some(({ id }) => id === shared) && !seen.some(({ id }) => id === secret))
    assert.deepEqual(await pat.model('mail.message').browse([secret]).read(['body']), [])
    assert.deepEqual(
      await pat
        .model('mail.message')
        .search([['body', 'ilike', 'margin']])
        .then(({ ids }) => ids),
      [],
    )
    assert.deepEqual((await pat.model('res.partner').browse([azure]).read(['message_ids']))[0]!.message_ids.includes(secret), false)
    assert.deepEqual(
      (await pat.model('ir.attachment').browse([file, open]).read(['name'])).map(({ id }) => id),
      [open],
    )
    const told = await rpc(pat, azure, 'thread_read')
    assert.ok(!JSON.stringify(told).includes('Secret margin') && JSON.stringify(told).includes('For you'))
    assert.deepEqual(
      [told.followers, told.files, told.entries.filter((one: { kind: string }) => one.kind === 'change')],
      [undefined, undefined, []],
    )
  })

  test('goes to colleagues alone, who may see the record', async () => {
    await refuses(() => say(ann, azure, note('x', { partner_ids: [pat.user.partner_id] })), UserError)
    const outside = await company('Outside')
    await refuses(() => say(ann, azure, note('x', { partner_ids: [outside] })), UserError)
    const sent = await lettersOf(() => say(ann, azure, note('Look at this', { partner_ids: [bob.user.partner_id] })))
    assert.deepEqual(
      sent.map(({ to, subject }) => [to, subject]),
      [['bob@ours.example', 'Ann wrote a note on Azure']],
    )
    const other = await here.company('Branch')
    const gus = await here.personOf([other], employee)
    const ours = await company('Ours', { company_id: ann.user.company_id })
    await here.system.model('res.partner').browse([gus.user.partner_id]).write({ email: 'gus@ours.example' })
    await refuses(() => say(ann, ours, note('x', { partner_ids: [gus.user.partner_id] })), UserError)
  })

  test('is not written by a customer, who may speak openly', async () => {
    await refuses(() => say(pat, azure, note('x')), AccessError)
    await refuses(() => say(pat, azure, comment('x', { partner_ids: [azure] })), AccessError)
    const sent = await lettersOf(() => say(pat, azure, comment('When does it come?')))
    assert.deepEqual(
      sent.map(({ to }) => to),
      ['ann@ours.example'],
    )
  })
})

describe('a follower', () => {
  test('who may not read the record any more gets no letter', async () => {
    const teal = await company('Teal')
    await rpc(ann, teal, 'message_subscribe', { partner_ids: [bob.user.partner_id] })
    assert.equal((await lettersOf(() => say(ann, teal, comment('one')))).length, 1)
    const other = await here.company('Far away')
    const gus = await here.personOf([other], employee)
    await here.system.model('res.partner').browse([gus.user.partner_id]).write({ email: 'gus@far.example' })
    await here.system.model('mail.followers').create({ res_model: 'res.partner', res_id: teal, partner_id: gus.user.partner_id })
    assert.deepEqual(
      (await lettersOf(() => say(ann, teal, comment('two')))).map(({ to }) => to),
      ['bob@ours.example', 'gus@far.example'],
    )
    await here.system.model('res.partner').browse([teal]).write({ company_id: ann.user.company_id })
    assert.deepEqual(
      (await lettersOf(() => say(ann, teal, comment('three')))).map(({ to }) => to),
      ['bob@ours.example'],
    )
  })

  test('follows by himself where he may read, and others are added by who may change the record', async () => {
    const plum = await company('Plum')
    await rpc(bob, plum, 'message_subscribe')
    await refuses(() => rpc(bob, plum, 'message_subscribe', { partner_ids: [azure] }), AccessError)
    await refuses(() => rpc(bob, plum, 'message_unsubscribe', { partner_ids: [azure] }), AccessError)
    await refuses(() => rpc(pat, azure, 'message_subscribe'), AccessError)
    await rpc(bob, plum, 'message_unsubscribe')
    assert.deepEqual((await ann.model('res.partner').browse([plum]).read(['message_follower_ids']))[0]!.message_follower_ids, [])
  })
})

describe('a letter', () => {
  const template = async (values: Record<string, unknown>): Promise<number> => {
    const [model] = (await here.system.model('ir.model').search([['model', '=', 'res.partner']])).ids
    return (await here.system.model('mail.template').create({ name: 'T', model_id: model!, subject: 'S', ...values })).ids[0]!
  }

  test('says what its template says in its reader’s language, with values escaped', async () => {
    const rose = await company('Rose', { city: '<b>Bonn</b>' })
    const id = await template({
      subject: 'About {{ name }}',
      body_html: '<p>Dear {{ recipient.name }}, {{ object.city }} {{ sender.name }}</p>',
    })
    await here.system
      .with({ lang: 'ko_KR' })
      .model('mail.template')
      .browse([id])
      .write({ subject: '{{ name }} 안내', body_html: '<p>{{ recipient.name }} 귀하</p>' })
    const kim = await company('Kim', { lang: 'ko_KR' })
    const request = {
      content: { template: id },
      links: (reader: { id: number }) => [{ label: 'Look', url: `https://world.example/p/${reader.id}?t=secret` }],
    }
    let message = 0
    const sent = await lettersOf(() =>
      ann.call(async (env) => {
        const record = env.model('res.partner').browse([rose])
        const file = { name: 'offer.pdf', content: Buffer.from('%PDF-1.4') }
        message = (await sendLetter(env, { ...request, record, to: [rose, kim], attachments: [file] })).id
      }),
    )
    assert.deepEqual(
      sent.map(({ to, subject, language, files }) => [to, subject, language, files]),
      [
        ['info@kim.example', 'Rose 안내', 'ko-KR', 1],
        ['info@rose.example', 'About Rose', 'en-US', 1],
      ],
    )
    assert.match(sent[1]!.html, /Dear Rose, &lt;b&gt;Bonn&lt;\/b&gt; Ann/)
    assert.match(sent[1]!.html, new RegExp(`https://world.example/p/${rose}\\?t=secret`))
    assert.doesNotMatch(sent[1]!.html, new RegExp(`/p/${kim}\\?`))
    const [read] = await ann
      .model('mail.message')
      .browse([message])
      .read(['subject', 'body', 'message_type', 'partner_ids', 'attachment_ids.name'])
    assert.deepEqual(
      [read!.subject, read!.message_type, read!.attachment_ids.map(({ name }) => name)],
      ['About Rose', 'email_outgoing', ['offer.pdf']],
    )
    assert.doesNotMatch(String(read!.body), /secret/)
  })

  test('is not sent without an address, and then nothing is said either', async () => {
    const dumb = await company('Dumb', { email: null })
    const write = () =>
      ann.call((env) =>
        sendLetter(env, { record: env.model('res.partner').browse([azure]), content: { subject: 'x', body: 'y' }, to: [dumb] }),
      )
    await refuses(write, UserError)
  })

  test('shows nothing that its sender may not read', async () => {
    const id = await template({ body_html: '<p>{{ comment }}</p>' })
    await assert.rejects(preview(pat.model('mail.template').browse([id]), { res_id: azure }), AccessError)
    const other = await here.company('Shut')
    const hidden = await company('Shut in', { company_id: other })
    await assert.rejects(preview(ann.model('mail.template').browse([id]), { res_id: hidden }), AccessError)
  })

  test('has placeholders that are paths of fields, and nothing else', async () => {
    const wrong = [
      '{{ 7 * 7 }}',
      '{{ name.x }}',
      '{{ nothing }}',
      '{{ user_ids.password }}',
      '{{ child_ids }}',
      '{{ constructor }}',
      '{{ image_1920 }}',
      '{{ __proto__.x }}',
      '{{ parent_id.parent_id.parent_id.parent_id.name }}',
      '{{ sender.password }}',
    ]
    const all = () => here.system.model('mail.template').count([])
    const before = await all()
    for (const body_html of wrong) await assert.rejects(template({ body_html }), ValidationError, body_html)
    assert.equal(await all(), before)
  })

  test('leads nowhere harmful, whatever a value says', async () => {
    const evil = await company('Evil', { website: 'javascript:alert(1)', city: '"><script>alert(1)</script>' })
    const id = await template({ body_html: '<p><a href="{{ website }}">{{ city }}</a></p>' })
    const { body } = (await preview(ann.model('mail.template').browse([id]), { res_id: evil })) as { body: string }
    assert.doesNotMatch(body, /javascript:|<script/)
  })

  test('has no line break in its subject and goes to one address', async () => {
    const sly = await company('Sly', { city: 'Bonn\r\nBcc: eve@evil.example' })
    const id = await template({ subject: 'To {{ city }}', body_html: '<p>x</p>' })
    const sent = await lettersOf(() =>
      ann.call((env) => sendLetter(env, { record: env.model('res.partner').browse([sly]), content: { template: id }, to: [sly] })),
    )
    assert.deepEqual(
      sent.map(({ to, subject }) => [to, subject]),
      [['info@sly.example', 'To Bonn Bcc: eve@evil.example']],
    )
  })
})
