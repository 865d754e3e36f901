import type { Connection } from './databases.ts'

export interface Mailbox {
  readonly name?: string
  readonly address: string
}

/** A letter as an app writes it, to one reader. How it is laid out and sent is the server's. */
export interface Letter {
  readonly from: Mailbox
  readonly to: Mailbox
  readonly replyTo?: Mailbox
  readonly subject: string
  /** Formatted text; cleaned again before it is sent. */
  readonly body: string
  /** Doors below the text, the first one large. Their addresses go into this letter and nowhere else. */
  readonly links?: readonly { readonly label: string; readonly url: string }[]
  /** Small print: why he gets it. */
  readonly footer?: string
  /** Contents already in the file store. */
  readonly attachments?: readonly { readonly name: string; readonly blob: string }[]
  /** Of the text: `ko_KR`. */
  readonly language: string
  /** When it is of no use any more, because a link in it is over or it is no news: it is not sent after that, and what it said is forgotten. */
  readonly until?: Date
}

/** What became of a letter. `gone`: it was sent so long ago that nothing else is known of it. */
export interface LetterState {
  readonly state: 'waiting' | 'sent' | 'failed' | 'held' | 'gone'
  /** What the mail server said, for people. */
  readonly error: string | null
}

/** Where letters wait until the call's transaction has committed: sent if and only if it does. The server implements it. */
export interface Outbox {
  /** Gives the letter's number. Throws ValidationError for what is no mail address. */
  put(cx: Connection, letter: Letter): Promise<number>
  states(cx: Connection, numbers: readonly number[]): Promise<ReadonlyMap<number, LetterState>>
  /** Has those that failed or are held sent again. */
  retry(cx: Connection, numbers: readonly number[]): Promise<void>
}
