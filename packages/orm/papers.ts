import type { Env } from './env.ts'
import type { Json } from './fields.ts'
import type { ModelName } from './types.ts'

/**
 * A document as those see it whom it is for: one value for the page, for paper, and for the proof of what was signed. Every text is in
 * `lang`, every figure is written out as it is kept: who shows it works nothing out.
 */
export interface Paper {
  /** `ko_KR`. */
  readonly lang: string
  /** What it is and its number: `Quotation S00042`. */
  readonly title: string
  readonly number: string
  readonly seller: Letterhead
  /** To whom it goes, and other addresses that it names. */
  readonly parties: readonly { readonly label: string; readonly lines: readonly string[] }[]
  readonly facts: readonly Fact[]
  readonly columns: {
    readonly description: string
    readonly quantity: string
    readonly price: string
    readonly discount: string
    readonly taxes: string
    readonly amount: string
    /** Above what is offered and not part of the sum. */
    readonly optional: string
  }
  readonly lines: readonly PaperLine[]
  /** From the untaxed amount, over a line for each tax rate, to the total. */
  readonly sums: readonly (Fact & { readonly strong?: true })[]
  /** Terms and the like, as plain text with line ends. */
  readonly notes: readonly { readonly label: string | null; readonly text: string }[]
}

export interface Letterhead {
  readonly name: string
  readonly lines: readonly string[]
  /** PNG or JPEG as a `data:` address. */
  readonly logo: string | null
}

export interface Fact {
  readonly label: string
  readonly value: string
}

export type PaperLine =
  | { readonly kind: 'section' | 'subsection' | 'note'; readonly text: string }
  | {
      readonly kind: 'item'
      readonly id: number
      readonly name: string
      /** What stands below the name. */
      readonly detail: string
      readonly quantity: string
      readonly price: string
      readonly discount: string | null
      readonly taxes: string
      readonly amount: string
      /** Offered, and not in the sums. */
      readonly isOptional: boolean
    }

/** What can still become of a document from its reader's side. */
export type PaperState =
  /** Waits for his answer. */
  | 'open'
  /** He could have answered until a day that is past. */
  | 'expired'
  /** He answered yes. */
  | 'accepted'
  /** He answered no. */
  | 'declined'
  /** Nothing is asked of him: an invoice, an order that was agreed on otherwise. */
  | 'final'
  /** Taken back, or being worked on: it is not for him to see now. */
  | 'withdrawn'

/** A document for a reader, with what its page and letters need to know of it. */
export interface SharedPaper {
  readonly paper: Paper
  /** SHA-256, hexadecimal, of what makes the document what it is: another one wherever its reader would see another one. */
  readonly hash: string
  readonly state: PaperState
  readonly company: number
  /** The company whose people the document is for. */
  readonly entity: number
  /** The one it is addressed to. */
  readonly partner: number
  /** Who looks after it on our side. */
  readonly keeper: number | null
  /** Lines that the reader may take or leave, while it is open. */
  readonly optional: readonly number[]
  /** Whether accepting takes a signature, or a click. */
  readonly isSigned: boolean
}

/** Who accepted a document, and with what. */
export interface Acceptance {
  readonly name: string
  /** PNG, where he drew it. */
  readonly image: Uint8Array | null
  readonly hash: string
  readonly partner: number
}

/**
 * A kind of document that an app shows to people outside, by links and in the portal: listed in its manifest under `papers`. All of it
 * runs as the system, after it was found out that the reader may.
 */
export interface PaperKind {
  readonly model: ModelName
  /** In addresses: `orders`. */
  readonly path: string
  /** What they are called on the reader's pages, one and many, in English. */
  readonly label: readonly [one: string, many: string]
  /** Those that are there, by id, in this language (the reader's own without one). */
  read(sys: Env<true>, ids: readonly number[], lang?: string): Promise<ReadonlyMap<number, SharedPaper>>
  /** For lists in the portal, as the reader: what his rights find, the newest first. */
  list(env: Env, limit: number): Promise<readonly PaperRow[]>
  /** Without it such documents are not sent by mail. */
  readonly letters?: PaperLetters
  /** Acts on a yes; called once, with the record locked and its state open. `waits`: our side still has to agree. */
  accept?(sys: Env<true>, id: number, acceptance: Acceptance): Promise<'done' | 'waits'>
  decline?(sys: Env<true>, id: number, reason: string): Promise<void>
  /** Takes an optional line, or leaves it again. */
  choose?(sys: Env<true>, id: number, line: number, taken: boolean): Promise<void>
}

/** How documents of a kind are sent to people. */
export interface PaperLetters {
  /** With what a letter about the document begins, as its sender sees it. Throws a UserError where there is nothing to send. */
  begin(env: Env, id: number): Promise<LetterStart>
  /** Notes on the document, which is locked, that it goes out. Answers whether that is news. */
  sent(sys: Env<true>, id: number): Promise<boolean>
  /** Takes the note back, where it was news: the letter was recalled before it left. */
  recalled(sys: Env<true>, id: number): Promise<void>
}

export interface LetterStart {
  /** The external id of a `mail.template` of the document's model: `sale.email_template_edi_sale`. */
  readonly template: string
  /** What the link in the letter lets its reader do. */
  readonly purpose: 'sign' | 'view'
  /** Partners to whom it usually goes. */
  readonly to: readonly number[]
}

export interface PaperRow {
  readonly id: number
  readonly name: string
  readonly date: string
  readonly amount: string
  readonly status: string
}

/** How a reader comes to a document: by the token of a link, of which only the hash is known here, or signed in. */
export type Reader =
  | { readonly link: string }
  | { readonly user: { readonly id: number; readonly partner_id: number }; readonly path: string; readonly id: number }

/** What a reader gets to see. */
export interface Reading {
  readonly model: ModelName
  readonly id: number
  readonly lang: string
  readonly paper: Paper
  readonly hash: string
  /** `changed`: it is another version than the one the link was made for; `preparing`: another, which nobody has sent him yet. */
  readonly state: Exclude<PaperState, 'withdrawn'> | 'changed' | 'preparing'
  /** What he may do: sign and all the rest, or look alone. */
  readonly purpose: 'sign' | 'view'
  readonly isSigned: boolean
  readonly optional: readonly number[]
  /** His name, to begin with. */
  readonly name: string
  readonly signature: {
    readonly id: number
    readonly name: string
    readonly at: string
    readonly hash: string
    readonly hasPdf: boolean
  } | null
  readonly thread: readonly { readonly who: string; readonly mine: boolean; readonly at: string; readonly text: string }[]
}

/** What a reader wants done. `hash` is that of the version he had before him. */
export type Deed =
  | { readonly kind: 'accept'; readonly hash: string; readonly name: string; readonly image: Uint8Array | null }
  | { readonly kind: 'decline'; readonly hash: string; readonly reason: string }
  | { readonly kind: 'choose'; readonly line: number; readonly taken: boolean }
  | { readonly kind: 'ask'; readonly text: string }
  | { readonly kind: 'review' }

/** From where a deed came, for the proof. */
export interface Whence {
  readonly address: string
  readonly agent: string
}

/** A document as it is put on paper; `proof` makes it the signed one. */
export interface Printed {
  readonly paper: Paper
  readonly proof: Proof | null
}

export interface Proof {
  readonly title: string
  readonly facts: readonly Fact[]
  /** PNG as a `data:` address. */
  readonly image: string | null
  /** UTC, ISO 8601. */
  readonly at: string
}

/** The app that lets readers in, for the server's pages and jobs; one app has it in its manifest under `desk`. All but `show` of a user runs as the system. */
export interface Desk {
  /** Null for whoever may not, and for what is not there: one answer for all. */
  show(env: Env, reader: Reader, lang?: string): Promise<Reading | null>
  /** False for whoever may not. Done once: what was answered before, or is another version by now, changes nothing. */
  act(env: Env, reader: Reader, deed: Deed, whence: Whence, lang?: string): Promise<boolean>
  /** What a letter's job puts on paper, null when it is not there any more. */
  print(sys: Env<true>, job: LetterJob): Promise<Printed | null>
  /** Sends what was printed. */
  post(sys: Env<true>, job: LetterJob, pdf: Uint8Array): Promise<void>
  /** The file that was signed, for whoever may read the document. */
  signedFile(sys: Env<true>, signature: number): Promise<{ readonly blob: string; readonly name: string } | null>
  /** The caller's own addresses, and the countries there are. */
  addresses(env: Env): Promise<AddressBook>
  states(env: Env, country: number): Promise<AddressBook['countries']>
  /** Keeps an address of the caller's, a new one without an id. Throws an AccessError for one that is not his, a UserError saying what is wrong. */
  saveAddress(env: Env, id: number | null, given: AddressGiven): Promise<void>
  archiveAddress(env: Env, id: number): Promise<void>
  /** What is known of a signature by the hash of its content or of its file. */
  verify(sys: Env<true>, hash: string, lang: string): Promise<Verdict | null>
}

/** What a reader types of an address; what else comes with a form is not looked at. */
export interface AddressGiven {
  /** Of a new one. */
  readonly kind: 'invoice' | 'delivery'
  /** Whom to ask for there. */
  readonly name: string
  readonly street: string
  readonly street2: string
  readonly zip: string
  readonly city: string
  readonly phone: string
  readonly country: number | null
  readonly state: number | null
}

export interface PostalAddress extends Omit<AddressGiven, 'kind'> {
  readonly id: number
  readonly kind: 'main' | 'invoice' | 'delivery'
  /** As it is written on a letter. */
  readonly lines: readonly string[]
}

export interface AddressBook {
  /** Of the company, or of the person who is nobody's. */
  readonly main: PostalAddress | null
  readonly mayChangeMain: boolean
  readonly others: readonly PostalAddress[]
  readonly countries: readonly { readonly id: number; readonly name: string }[]
}

/** What is written down for a letter until it is printed: a document that is sent, or a signature that both sides get. */
export type LetterJob = { readonly [key: string]: Json }

export interface Verdict {
  readonly title: string
  readonly seller: string
  readonly name: string
  readonly at: string
  readonly contentHash: string
  readonly fileHash: string | null
  /** Whether the hash was that of the file itself. */
  readonly isFile: boolean
}
