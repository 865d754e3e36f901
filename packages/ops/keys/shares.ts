import { createHash, randomBytes } from 'node:crypto'
import { combine, split } from 'shamir-secret-sharing'
import { OpsError } from '../errors.ts'
import { demandKey, keyId } from '../sealing.ts'

/*
 * The root key as three shares of which any two make it (Shamir over GF(2^8)), each a line that a person can copy by hand:
 *   ERP4-1-XXXXX-XXXXX-…       Crockford's base 32 of: root key id (8) ‖ split (2) ‖ share (33) ‖ the first 5 bytes of SHA-256 of all before
 * A slip of the pen is noticed in its own line; shares of two kits do not mix.
 */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const prefix = 'ERP4-1-'
const lengths = { id: 8, split: 2, share: 33, checksum: 5 }
const total = lengths.id + lengths.split + lengths.share + lengths.checksum

/** Three lines; any two of them are enough, and one alone tells nothing. */
export async function splitRoot(root: Uint8Array): Promise<string[]> {
  demandKey(root)
  const shares = await split(Uint8Array.from(root), 3, 2)
  const head = Buffer.concat([Buffer.from(keyId(root), 'hex'), randomBytes(lengths.split)])
  return shares.map((share) => write(Buffer.concat([head, share])))
}

/** The root key from a text with two or three shares in it, each on a line. OpsError `key_wrong` says which line is wrong, and how. */
export async function combineShares(text: string): Promise<Buffer> {
  const lines = text.split('\n').filter((line) => line.trim())
  const read = lines.map((line, index) => readShare(line, index + 1))
  const distinct = read.filter((one, index) => read.findIndex((other) => other.share.equals(one.share)) === index)
  if (distinct.length < 2) throw wrong('two different shares are needed')
  if (distinct.some((one) => one.id !== distinct[0]!.id || !one.split.equals(distinct[0]!.split)))
    throw wrong('these shares are of different kits')
  const root = Buffer.from(await combine(distinct.map(({ share }) => Uint8Array.from(share))))
  if (keyId(root) !== distinct[0]!.id) throw wrong('together they make another key')
  return root
}

function readShare(line: string, number: number): { id: string; split: Buffer; share: Buffer } {
  const bytes = read(line)
  const body = bytes?.subarray(0, -lengths.checksum)
  if (!bytes || !body || !checksum(body).equals(bytes.subarray(-lengths.checksum))) throw wrong(`line ${number} has a mistake in it`)
  const at = lengths.id + lengths.split
  return { id: body.toString('hex', 0, lengths.id), split: body.subarray(lengths.id, at), share: body.subarray(at) }
}

function write(body: Buffer): string {
  const bits = [...body, ...checksum(body)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{1,5}/g)!.map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
  return (
    prefix +
    letters
      .join('')
      .match(/.{1,5}/g)!
      .join('-')
  )
}

/** As a person writes: small letters, O for 0, I or L for 1, other gaps. */
function read(line: string): Buffer | undefined {
  const plain = line.trim().toUpperCase()
  if (!plain.startsWith(prefix)) return undefined
  const letters = plain.slice(prefix.length).replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  const digits = [...letters].map((letter) => alphabet.indexOf(letter))
  if (digits.includes(-1) || digits.length !== Math.ceil((total * 8) / 5)) return undefined
  const bits = digits.map((digit) => digit.toString(2).padStart(5, '0')).join('')
  return Buffer.from(Array.from({ length: total }, (_none, index) => Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2)))
}

const checksum = (body: Buffer): Buffer => createHash('sha256').update(body).digest().subarray(0, lengths.checksum)
const wrong = (why: string): OpsError => new OpsError('key_wrong', `The shares do not make the root key: ${why}.`)
