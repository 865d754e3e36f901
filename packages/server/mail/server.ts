import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { BlockList, isIPv4 } from 'node:net'
import { type Connection, type Databases, type Registry, UserError } from '@erp4/orm'
import type { InstanceKeys } from '../hosting.ts'
import { type MailServerRow, firstMailServer, mailServerById } from '../sql/mail-server.ts'
import type { MailSettings } from './mailer.ts'

const purpose = 'mail server password'
const cipher = 'aes-256-gcm'
const aad = Buffer.from('erp4.mail-server.1')
const [nonceBytes, tagBytes] = [12, 16]

/** A mail server's password as its row keeps it: `1.` and base64 of nonce, AES-256-GCM under a key of this instance alone, and tag. */
export function sealPassword(keys: InstanceKeys, clear: string): string {
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, keys.derive(purpose), nonce).setAAD(aad)
  return `1.${Buffer.concat([nonce, sealing.update(clear, 'utf8'), sealing.final(), sealing.getAuthTag()]).toString('base64')}`
}

/** @throws UserError for a password that another instance's key sealed, or that was altered */
function openPassword(keys: InstanceKeys, kept: string): string {
  const sealed = Buffer.from(kept.slice(2), 'base64')
  for (const key of [keys.derive(purpose), ...(keys.others?.(purpose) ?? [])]) {
    const clear = opened(key, sealed)
    if (clear !== null) return clear
  }
  throw new UserError('The password of the mail server cannot be opened any more: enter it again.')
}

function opened(key: Buffer, sealed: Buffer): string | null {
  try {
    const opening = createDecipheriv(cipher, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(aad)
      .setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([opening.update(sealed.subarray(nonceBytes, -tagBytes)), opening.final()]).toString('utf8')
  } catch {
    // Another key's, or altered: the next one is tried, and then the person is asked.
    return null
  }
}

export interface MailServerOptions {
  keys: InstanceKeys
  /** Whether an instance may name a server of the inside network; the operator says so. */
  mayBeInside: boolean
}

/** The instance's own mail server, its address looked up; null where it has none set. @throws UserError saying what is wrong with it */
export async function mailServerOf(
  databases: Databases,
  instance: { database: string; registry: Registry },
  options: MailServerOptions,
): Promise<MailSettings | null> {
  if (!instance.registry.models.has('ir.mail_server')) return null
  const [row] = await databases.use(instance.database, (cx) => cx.query<MailServerRow>(firstMailServer))
  return row ? settingsOf(row, options) : null
}

/** One of them, as it is set now, to be tried. */
export async function readMailServer(cx: Connection, id: number): Promise<MailServerRow | undefined> {
  return (await cx.query<MailServerRow>(mailServerById(id)))[0]
}

/** How to reach it. The name is resolved once and the connection goes to what was found, so that no second answer leads elsewhere. */
export async function settingsOf(row: MailServerRow, { keys, mayBeInside }: MailServerOptions): Promise<MailSettings> {
  const host = await addressOf(row.smtp_host, mayBeInside)
  const auth = row.smtp_user ? { auth: { user: row.smtp_user, pass: row.smtp_pass === null ? '' : openPassword(keys, row.smtp_pass) } } : {}
  const tls = row.smtp_encryption === 'ssl' ? 'tls' : row.smtp_encryption
  return { host, servername: row.smtp_host, port: row.smtp_port, tls, ...auth }
}

async function addressOf(name: string, mayBeInside: boolean): Promise<string> {
  const found = await lookup(name, { all: true }).catch(() => [])
  const [first] = found
  if (!first) throw new UserError(`There is no host named ${name}.`)
  if (!mayBeInside && found.some(({ address }) => isInside(address)))
    throw new UserError(`${name} is an address of the inside network, which this installation does not let instances use for mail.`)
  return first.address
}

// Two lists: in one, a rule about IPv4 dressed up as IPv6 would hold for all of IPv4.
const [inside4, inside6] = [new BlockList(), new BlockList()]
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inside4.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  inside6.addSubnet(net, bits, 'ipv6')

/** Loopback, private, link-local, shared, multicast; and IPv4 dressed up as IPv6 (mapped, translated, tunnelled), whatever it is. */
export const isInside = (address: string): boolean => (isIPv4(address) ? inside4.check(address, 'ipv4') : inside6.check(address, 'ipv6'))
