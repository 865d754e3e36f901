import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { smtpSink } from '@erp4/testing'
import { openOrCreateHome } from '../home.ts'
import { sendMails, spoolMail, tellAlarms, waitingMails } from './mail.ts'
import { alarmFolder, type RaisedAlarm } from './state.ts'

const dir = mkdtempSync(join(tmpdir(), 'erp4-mail-'))
chmodSync(dir, 0o711)
after(() => rmSync(dir, { recursive: true }))
const homeOf = (name: string) => openOrCreateHome(join(dir, name)).home

test('a message that is none, or that the server does not want, does not hold up those behind it', async () => {
  const home = homeOf('held')
  const sink = await smtpSink()
  const mail = { url: `smtp+plain://127.0.0.1:${sink.port}`, from: 'erp4@host', to: ['ops@example.com'] }
  spoolMail(home, { subject: 'first', text: 'x' }, new Date(Date.now() - 2000))
  writeFileSync(join(alarmFolder(home), 'mail', '00000000000000000000000000.json'), '{"subject": "cut o')
  spoolMail(home, { subject: 'second', text: 'x' }, new Date())
  const { sent, error } = await sendMails(home, mail)
  assert.deepEqual([sent, sink.mails.map((one) => one.header('Subject'))], [2, ['first', 'second']])
  assert.match(error ?? '', /JSON/)
  assert.equal(waitingMails(home), 1, 'it stays, to be looked at')
  sink.answer = 'never'
  spoolMail(home, { subject: 'third', text: 'x' }, new Date())
  assert.equal((await sendMails(home, mail)).sent, 0)
  assert.equal(waitingMails(home), 2)
  sink.answer = 'accept'
  assert.equal((await sendMails(home, mail)).sent, 1)
  await sink.close()
})

test('neither a name nor a detail makes a header of its own', async () => {
  const home = homeOf('injected')
  const sink = await smtpSink()
  const alarm = {
    name: 'backup_old',
    subject: 'ann\r\nBcc: eve@example.com\n\nfalse text',
    detail: 'x\r\n.\r\nMAIL FROM:<eve@example.com>',
    since: new Date().toISOString(),
    mailed: null,
  } as unknown as RaisedAlarm
  spoolMail(home, tellAlarms([alarm], [], 'host\r\nCc: eve@example.com')!, new Date())
  await sendMails(home, { url: `smtp+plain://127.0.0.1:${sink.port}`, from: 'erp4@host', to: ['ops@example.com'] })
  const [mail] = await sink.received(1)
  assert.deepEqual([sink.mails.length, mail!.to], [1, ['ops@example.com']])
  assert.equal(mail!.header('Bcc'), '')
  assert.equal(mail!.header('Cc'), '')
  assert.match(mail!.header('Subject'), /ALARM: backup_old ann Bcc/)
  await sink.close()
})
