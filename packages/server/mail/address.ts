import { domainToASCII } from 'node:url'
import { ValidationError } from '@erp4/orm'
import type { Address } from '../sql/outbox.ts'

// What a mail program would make of a line break inside a name or an address is another header, or another recipient.
const breaking = /[\p{Cc}\p{Zl}\p{Zp}]/u
const local = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/**
 * An address as it goes to the server: one mailbox, its domain in ASCII. Narrower than RFC 5322 on purpose: no quoted local
 * parts, comments, groups or address literals, since those are what parsers disagree about.
 * @throws ValidationError naming the address
 */
export function checkAddress(given: Address): Address {
  const { name, address, ...rest } = given
  if (typeof address !== 'string' || (name !== undefined && typeof name !== 'string') || Object.keys(rest).length > 0) {
    throw new ValidationError('A mail address is given as { name, address }.')
  }
  if (name !== undefined && (breaking.test(name) || name.length > 200))
    throw new ValidationError('The name of a mail address is one line of up to 200 characters.')
  const at = address.lastIndexOf('@')
  const user = address.slice(0, at)
  const domain = domainToASCII(address.slice(at + 1)).toLowerCase()
  const labels = domain.split('.')
  const isGood =
    at > 0 && user.length <= 64 && local.test(user) && domain.length <= 189 && labels.length > 1 && labels.every((one) => label.test(one))
  if (!isGood || breaking.test(address)) throw new ValidationError(`${JSON.stringify(address).slice(0, 100)} is not a mail address.`)
  return name ? { name: name.toWellFormed(), address: `${user}@${domain}` } : { address: `${user}@${domain}` }
}

/** The address in what people typed as one; undefined where it is none. */
export function usableAddress(typed: string | null | undefined): string | undefined {
  try {
    return typed ? checkAddress({ address: typed.trim() }).address : undefined
  } catch {
    return undefined
  }
}

/** A subject or a file's name: one line. @throws ValidationError */
export function checkLine(text: string, what: string): string {
  if (breaking.test(text) || text.length > 900) throw new ValidationError(`${what} of a mail is one line of up to 900 characters.`)
  return text.toWellFormed()
}
