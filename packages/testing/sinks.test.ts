import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTransport } from 'nodemailer'
import { chromium } from './browser.ts'
import { clock } from './clock.ts'
import { smtpSink } from './smtp.ts'

const message = {
  from: 'ann@mycompany.example',
  to: { name: 'Bob', address: 'bob@azure.example' },
  subject: 'Your quotation of January',
  text: 'Hello',
}

test('a mail arrives with its envelope and headers', async (t) => {
  const sink = await smtpSink()
  t.after(() => sink.close())
  const transport = createTransport({ host: sink.host, port: sink.port, secure: false })
  await transport.sendMail(message)
  const [mail] = await sink.received(1)
  assert.deepEqual(
    [mail?.from, mail?.to, mail?.header('subject')],
    ['ann@mycompany.example', ['bob@azure.example'], 'Your quotation of January'],
  )
  assert.match(mail!.source, /Hello/)
})

test('a mail that the server refuses is not kept', async (t) => {
  const sink = await smtpSink()
  t.after(() => sink.close())
  sink.answer = 'later'
  const transport = createTransport({ host: sink.host, port: sink.port, secure: false })
  await assert.rejects(transport.sendMail(message), { responseCode: 451 })
  assert.deepEqual(sink.mails, [])
})

test('a clock stands still until it is moved', () => {
  const time = clock('2027-01-15T09:00:00Z')
  time.advance({ days: 1, minutes: 30 })
  assert.equal(time.now().toISOString(), '2027-01-16T09:30:00.000Z')
})

test('Chromium shows a page', async (t) => {
  const browser = await chromium()
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.setContent('<h1>안녕하세요</h1>')
  assert.equal(await page.locator('h1').textContent(), '안녕하세요')
})
