import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A message as it came over the wire. */
export interface ReceivedMail {
  /** The envelope: whom the server was really told to send it to. */
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body, as sent. */
  readonly source: string
  /** A header's value, unfolded; empty when it is not there. */
  header(name: string): string
}

export interface SmtpSink {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** Waits until `count` mails have come. Throws after `withinMs`. */
  received(count: number, withinMs?: number): Promise<readonly ReceivedMail[]>
  /** How the next messages are answered: `accept`, or refused for now (451), or for good (550). */
  answer: 'accept' | 'later' | 'never'
  close(): Promise<void>
}

/** A real SMTP server on loopback that keeps what it is sent. */
export async function smtpSink(): Promise<SmtpSink> {
  // Only here: most tests have no mail server, and loading this takes as long as starting Node.
  const { SMTPServer } = await import('smtp-server')
  const mails: ReceivedMail[] = []
  const refusals = { later: { code: 451, text: 'Try again later' }, never: { code: 550, text: 'No such mailbox' } }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        if (sink.answer !== 'accept') {
          const { code, text } = refusals[sink.answer]
          done(Object.assign(new Error(text), { responseCode: code }))
          return
        }
        const { mailFrom, rcptTo } = session.envelope
        mails.push(
          received(
            Buffer.concat(pieces).toString(),
            mailFrom ? mailFrom.address : '',
            rcptTo.map(({ address }) => address),
          ),
        )
        done(null)
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const sink: SmtpSink = {
    host: '127.0.0.1',
    port: (server.server.address() as AddressInfo).port,
    mails,
    answer: 'accept',
    received: (count, withinMs = 60_000) => waitFor(mails, count, withinMs),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return sink
}

function received(source: string, from: string, to: readonly string[]): ReceivedMail {
  const head = source.slice(0, source.search(/\r?\n\r?\n/)).replaceAll(/\r?\n[ \t]+/g, ' ')
  return { from, to, source, header: (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim() ?? '' }
}

async function waitFor(mails: readonly ReceivedMail[], count: number, withinMs: number): Promise<readonly ReceivedMail[]> {
  const until = Date.now() + withinMs
  while (mails.length < count) {
    if (Date.now() > until) throw new Error(`${mails.length} of ${count} mails came within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return mails
}
