import { OpsError } from './errors.ts'

const maxNameLength = 40
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const reserved = new Set(['localhost', 'erp4', 'postgres'])

/** Throws unless `name` can be an instance: it becomes a host name, a `db` on the wire and a word on a command line. */
export function demandInstanceName(name: string): void {
  if (name.length <= maxNameLength && /^[a-z]/.test(name) && label.test(name) && !name.includes('--') && !reserved.has(name)) return
  throw new OpsError(
    'name_invalid',
    `${JSON.stringify(name)} cannot be the name of an instance: use up to ${maxNameLength} lower-case letters, digits and single hyphens, beginning with a letter.`,
  )
}

/** Throws unless `host` is a host name (ASCII, lower case, no port, no dot at the end) or an IPv4 address. */
export function demandHostName(host: string): void {
  if (host.length <= 253 && host.split('.').every((part) => label.test(part))) return
  throw new OpsError(
    'name_invalid',
    `${JSON.stringify(host)} is no host name: use lower-case ASCII letters, digits, hyphens and dots, without a port.`,
  )
}

/** Throws unless `zone` names a time zone of the IANA register, such as `Asia/Seoul`; offsets like `+09:00` are none, they know no history. */
export function demandZone(zone: string): void {
  if (/^[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*$/.test(zone)) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone })
      return
    } catch {
      // RangeError: told below
    }
  }
  throw new OpsError('name_invalid', `${JSON.stringify(zone)} is no time zone: give a name such as Europe/Berlin, Asia/Seoul or UTC.`)
}
