import { OpsError } from '../errors.ts'
import { record } from '../evidence/chain.ts'
import type { Host } from '../host.ts'
import { sendMails, spoolMail, waitingMails, type AlarmMail } from './mail.ts'

/**
 * Sends a mail that says nothing is wrong, by the way that alarms go, and records whether the mail server took it. Whether it arrives, only
 * its reader knows: it asks him to miss it. OpsError `refused` when it could not leave.
 */
export async function testAlarmMail(host: Pick<Host, 'home' | 'keys'>, mail: AlarmMail | undefined): Promise<void> {
  const { home } = host
  const started = new Date()
  const id = home.facts().host ?? ''
  const say = (result: 'pass' | 'fail' | 'skipped', reason = '') =>
    record(host, { check: 'alarms.test', subject: { type: 'host', id }, started, result, reason })
  if (!mail) return void say('skipped', 'No mail server is set for alarms: ERP4_ALARM_SMTP_URL and ERP4_ALARM_TO.')
  const text = 'This mail comes each week, so that you notice when no mail can come. Nothing is wrong.'
  if (waitingMails(home) === 0) spoolMail(home, { subject: `[ERP4 ${id.slice(0, 8)}] weekly test of alarms`, text }, started)
  const { error } = await sendMails(home, mail)
  if (!error) return void say('pass')
  say('fail', error)
  throw new OpsError('refused', `The mail server does not take alarms: ${error}`)
}
