import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as mail from 'nodemailer'
import type { SendMailOptions, Transporter } from 'nodemailer'
import type { Databases } from '@erp4/orm'
import type { FileStore } from '../files/store.ts'
import type { InstanceKeys } from '../hosting.ts'
import type { WorkInstance } from '../jobs/registry.ts'
import { judge, sayFailure, sealedElsewhere } from './failure.ts'
import { openBody } from './sealed.ts'
import {
  attachmentsOf,
  claimMail,
  giveUpMail,
  holdMail,
  mailFailed,
  mailLater,
  mailSent,
  nextMailAt,
  type Address,
  type MailRow,
} from '../sql/outbox.ts'

const require = createRequire(import.meta.url)

export interface MailSettings {
  host: string
  port: number
  /** `starttls` is demanded, not merely tried; `none` is for a relay on this machine. */
  tls: 'none' | 'starttls' | 'tls'
  auth?: { user: string; pass: string }
  /** A certificate authority of one's own, PEM. */
  ca?: string
  /** The name that the server's certificate must have, where `host` is an address. */
  servername?: string
}

export interface MailerOptions {
  databases: Databases
  /** The instance's mail server; null while none is set: mail waits. */
  settings: (instance: WorkInstance) => Promise<MailSettings | null>
  /** Asked of the host registry before each mail, never remembered: a copy does not send (kernel §2.8). Undefined: nothing is done there now. */
  kindOf: (instance: WorkInstance) => Promise<'live' | 'copy' | undefined>
  files: (instance: WorkInstance) => FileStore
  /** The instance's keys: they open what its mails say. */
  keys: (instance: WorkInstance) => InstanceKeys
  onError: (error: unknown, facts: Record<string, unknown>) => void
  /** Longer than any sending may take. */
  leaseMs?: number
  /** Before the first try again; doubled each time. */
  retryMs?: number
  maxAttempts?: number
  /** After the server could not be reached, before any other mail of the instance is tried. */
  pauseMs?: number
  /** Instances served at once. */
  atOnce?: number
}

/** Mails of one instance before others get their turn. */
const perTurn = 100
const defaults = { leaseMs: 600_000, retryMs: 60_000, maxAttempts: 16, pauseMs: 30_000, atOnce: 4 }

/**
 * Sends what waits in the outboxes, at least once: `sending` is committed before the mail leaves, so one that was sent and not
 * noted goes out again after its lease, with the same Message-ID. That window, between the server's 250 and our commit, is the
 * only one in which a mail is doubled; SMTP offers no way to close it.
 */
export class Mailer {
  readonly #options: Required<MailerOptions>
  readonly #busy = new Map<string, Promise<void>>()
  readonly #pausedUntil = new Map<string, number>()
  #isStopping = false

  constructor(options: MailerOptions) {
    this.#options = { ...defaults, ...options }
  }

  /** The worker's errand: begins to send in the background, and says when it next has something to do here. */
  readonly visit = async (instance: WorkInstance): Promise<Date | null> => {
    const { databases, atOnce } = this.#options
    const [next] = await databases.use(instance.database, (cx) => cx.query<{ at: string | null }>(nextMailAt))
    if (next!.at === null) return null
    const at = Math.max(Date.parse(next!.at), this.#pausedUntil.get(instance.name) ?? 0)
    if (at <= Date.now() && !this.#busy.has(instance.name) && this.#busy.size < atOnce && !this.#isStopping) {
      const turn = this.#turn(instance)
        .catch((error: unknown) => this.#options.onError(error, { instance: instance.name }))
        .finally(() => this.#busy.delete(instance.name))
      this.#busy.set(instance.name, turn)
    }
    return new Date(at)
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values())
  }

  /** Ends after the mails at hand. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.idle()
  }

  async #turn(instance: WorkInstance): Promise<void> {
    // Before there is a server to send by: without one they wait for ever.
    await this.#options.databases.use(instance.database, (cx) => cx.query(giveUpMail))
    const settings = await this.#options.settings(instance).catch((error: unknown) => {
      this.#pause(instance)
      throw error
    })
    if (!settings) return void this.#pause(instance)
    const transport = open(settings)
    try {
      for (let i = 0; i < perTurn && !this.#isStopping; i++) {
        const kind = await this.#options.kindOf(instance)
        if (kind === 'copy') return await this.#hold(instance)
        if (kind === undefined) return
        if (!(await this.#sendOne(instance, transport))) return
      }
    } finally {
      transport.close()
    }
  }

  /** False when there is nothing more to send, or no way to send it. */
  async #sendOne(instance: WorkInstance, transport: Transporter): Promise<boolean> {
    const { databases, leaseMs } = this.#options
    const [mail] = await databases.use(instance.database, (cx) => cx.query<MailRow>(claimMail(randomUUID(), leaseMs)))
    if (!mail) return false
    try {
      const { rejected = [] } = await transport.sendMail(await this.#compose(instance, mail))
      const note = rejected.length > 0 ? `Refused by the mail server: ${rejected.map(String).join(', ')}` : null
      await databases.use(instance.database, (cx) => cx.query(mailSent({ ...mail, note })))
      return true
    } catch (error) {
      return this.#settle(instance, mail, error)
    }
  }

  async #compose(instance: WorkInstance, mail: MailRow): Promise<SendMailOptions> {
    const store = this.#options.files(instance)
    const attachments = await this.#options.databases.use(instance.database, async (cx) => {
      const rows = await cx.query<{ name: string; blob: string }>(attachmentsOf(mail.id))
      const files = await Promise.all(rows.map(async ({ name, blob }) => ({ name, file: await store.find(cx, blob) })))
      return files
    })
    const body = mail.sealed
      ? openBody(this.#options.keys(instance), mail.message_id, mail.sealed)
      : { text: mail.body_text, html: mail.body_html }
    if (!body) throw sealedElsewhere()
    const everyone = [...mail.recipients, ...mail.cc].map((one) => one.address)
    return {
      from: named(mail.sender),
      to: mail.recipients.map(named),
      cc: mail.cc.map(named),
      ...(mail.reply_to ? { replyTo: named(mail.reply_to) } : {}),
      // Given apart, so that nothing in a header can add a recipient.
      envelope: { from: mail.sender.address, to: everyone },
      messageId: mail.message_id,
      date: new Date(mail.created),
      subject: mail.subject,
      text: body.text,
      ...(body.html === null ? {} : { html: body.html }),
      ...(mail.language === null ? {} : { headers: { 'Content-Language': mail.language } }),
      attachments: await Promise.all(
        attachments.map(async ({ name, file }) => ({
          filename: name,
          contentType: file.mimetype,
          content: Buffer.concat(await file.stream().toArray()),
          contentDisposition: 'attachment' as const,
        })),
      ),
      disableFileAccess: true,
      disableUrlAccess: true,
    }
  }

  async #settle(instance: WorkInstance, mail: MailRow, error: unknown): Promise<boolean> {
    const { databases, maxAttempts, retryMs, onError } = this.#options
    const failure = judge(error)
    if (failure.kind === 'ours') onError(error, { instance: instance.name, mail: mail.id })
    const isOver = failure.kind === 'refused' || mail.attempts >= maxAttempts
    const waitMs = Math.min(6 * 3_600_000, retryMs * 2 ** (mail.attempts - 1))
    const statement = isOver
      ? mailFailed({ ...mail, error: sayFailure(failure) })
      : mailLater({ ...mail, error: sayFailure(failure), waitMs })
    await databases.use(instance.database, (cx) => cx.query(statement))
    if (failure.kind === 'unreachable') this.#pause(instance)
    return failure.kind !== 'unreachable'
  }

  async #hold({ database }: WorkInstance): Promise<void> {
    await this.#options.databases.use(database, (cx) => cx.query(holdMail('This is a copy of an instance, and copies send no mail.')))
  }

  #pause({ name }: WorkInstance): void {
    this.#pausedUntil.set(name, Date.now() + this.#options.pauseMs)
  }
}

const named = ({ name, address }: Address) => ({ name: name ?? '', address })

/** Connects, greets and signs in, without sending anything. Null when all went well, else what failed, in words for people. */
export async function tryMailSettings(settings: MailSettings, lang = 'en_US'): Promise<string | null> {
  const transport = open(settings, false)
  try {
    await transport.verify()
    return null
  } catch (error) {
    return sayFailure(judge(error), lang)
  } finally {
    transport.close()
  }
}

function open({ host, port, tls, auth, ca, servername }: MailSettings, pool = true): Transporter {
  // Only where mail leaves: it takes a tenth of a process's start.
  const { createTransport } = require('nodemailer') as typeof mail
  return createTransport({
    ...(pool ? { pool: true, maxConnections: 1 } : {}),
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: { minVersion: 'TLSv1.2', ...(ca ? { ca } : {}), ...(servername ? { servername } : {}) },
    ...(auth ? { auth } : {}),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 60_000,
    dnsTimeout: 10_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}
