import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Transporter } from 'nodemailer'
import { OpsError } from '../errors.ts'
import { ensureFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { ulid } from '../ulid.ts'
import { alarmFolder, type AlarmChanges, type RaisedAlarm } from './state.ts'

/** The host's own mail server: alarms leave with every instance down. */
export interface AlarmMail {
  /** `smtps://user:password@host:465`, `smtp://host:587` (STARTTLS demanded), `smtp+plain://localhost:25`. */
  url: string
  from: string
  to: readonly string[]
}

interface Message {
  subject: string
  text: string
}

/** `ERP4_ALARM_SMTP_URL`, `ERP4_ALARM_TO` (addresses with commas between) and `ERP4_ALARM_FROM`; undefined without the first two. */
export function alarmMailOf(environment: NodeJS.ProcessEnv): AlarmMail | undefined {
  const { ERP4_ALARM_SMTP_URL: url, ERP4_ALARM_TO: to, ERP4_ALARM_FROM: from } = environment
  if (!url || !to) return undefined
  serverOf(url)
  return { url, from: from ?? `erp4@${hostname()}`, to: to.split(',').map((one) => one.trim()) }
}

/** Again each day while an alarm is up: one mail gets lost in a holiday. */
const remindMs = 24 * 3_600_000

/** The alarms to mail of now: those that were raised, and those that were last mailed a day ago. */
export const dueForMail = ({ raised, still }: AlarmChanges, now: Date): RaisedAlarm[] => [
  ...raised,
  ...still.filter(({ mailed }) => mailed === null || now.getTime() - Date.parse(mailed) >= remindMs),
]

/** One mail for all that is new, so that a bad night is one mail and not three hundred. */
export function tellAlarms(up: readonly RaisedAlarm[], cleared: readonly RaisedAlarm[], host: string): Message | undefined {
  if (up.length + cleared.length === 0) return undefined
  const first = up[0] ?? cleared[0]!
  const more = up.length + cleared.length - 1
  const line = ({ name, subject, detail, since }: RaisedAlarm) =>
    `${name}  ${subject}\n  ${detail}\n  since ${since}\n  What to do: docs/operations.md, ${name}`
  return {
    subject: `[ERP4 ${host}] ${up.length ? 'ALARM' : 'over'}: ${first.name} ${first.subject}${more ? ` and ${more} more` : ''}`.replaceAll(
      /[\r\n]+/g,
      ' ',
    ),
    text: [...up.map(line), ...(cleared.length ? ['Over:', ...cleared.map(({ name, subject }) => `${name}  ${subject}`)] : [])].join(
      '\n\n',
    ),
  }
}

const spoolOf = (home: Home): string => join(alarmFolder(home), 'mail')

/** Puts a message into the spool, durably: it leaves when a mail server takes it. */
export function spoolMail(home: Home, message: Message, at: Date): void {
  ensureFolder(alarmFolder(home), 0o700)
  ensureFolder(spoolOf(home), 0o700)
  writeDurably(join(spoolOf(home), `${ulid(at.getTime())}.json`), JSON.stringify({ ...message, at: at.toISOString() }), { mode: 0o600 })
}

/** How many mails wait. */
export const waitingMails = (home: Home): number => spooled(home).length

const spooled = (home: Home): string[] =>
  existsSync(spoolOf(home))
    ? readdirSync(spoolOf(home))
        .filter((name) => name.endsWith('.json'))
        .sort()
    : []

/** Sends what waits, oldest first; a message stays in the spool until the server has taken it. Gives how many left, and why others did not. */
export async function sendMails(home: Home, mail: AlarmMail): Promise<{ sent: number; error?: string }> {
  const waiting = spooled(home)
  if (waiting.length === 0) return { sent: 0 }
  const transport = await transportOf(mail.url)
  let sent = 0
  let refused: string | undefined
  try {
    for (const name of waiting) {
      const path = join(spoolOf(home), name)
      try {
        const { subject, text, at } = JSON.parse(readFileSync(path, 'utf8')) as Message & { at: string }
        // The same id at each attempt: a server that took it and could not say so gets it twice, its reader sees one.
        const messageId = `<${name.slice(0, 26).toLowerCase()}@${hostname()}>`
        await transport.sendMail({ from: mail.from, to: [...mail.to], subject, text, messageId, date: new Date(at) })
        rmSync(path)
        sent++
      } catch (error) {
        refused ??= (error as Error).message
        // One that the server does not want, or that is no message, must not hold up those behind it; a server that is away answers none.
        if ((error as { responseCode?: number }).responseCode === undefined && !(error instanceof SyntaxError)) break
      }
    }
    return { sent, ...(refused === undefined ? {} : { error: refused }) }
  } finally {
    transport.close()
  }
}

/** Whom a URL of a mail server means, and how. */
function serverOf(given: string): { url: URL; port: number } {
  const url = URL.parse(given)
  const ports = { 'smtps:': 465, 'smtp:': 587, 'smtp+plain:': 25 }
  if (!url || !(url.protocol in ports) || !url.hostname)
    throw new OpsError('refused', 'ERP4_ALARM_SMTP_URL must be smtps://, smtp:// or smtp+plain://, with a host.')
  return { url, port: Number(url.port) || ports[url.protocol as keyof typeof ports] }
}

async function transportOf(given: string): Promise<Transporter> {
  const { url, port } = serverOf(given)
  // Only where mail leaves: every command would wait for it, a quarter of its start.
  const { createTransport } = await import('nodemailer')
  return createTransport({
    host: url.hostname,
    port,
    secure: url.protocol === 'smtps:',
    requireTLS: url.protocol === 'smtp:',
    ignoreTLS: url.protocol === 'smtp+plain:',
    tls: { minVersion: 'TLSv1.2' },
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(url.username ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } } : {}),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
  })
}
