import { randomUUID, type KeyObject } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Connection } from '@erp4/orm'
import { lastSeal, type SealRow } from '../sql/audit.ts'
import { openHead, signedHead, type Head, type SignedHead } from './chain.ts'

/** A head that was read from where it was put, with the name of that place; its signature was checked. */
export interface Anchor {
  name: string
  head: Head
}

/** The newest signed head of a trail: what its sealer signed last. Null before the first seal. */
export async function newestHead(cx: Connection): Promise<SignedHead | null> {
  const [seal] = await cx.query<SealRow>(lastSeal)
  return seal ? signedHead(seal) : null
}

/**
 * Writes a head to a new file, on disk when this resolves. The file needs no secret: the sealer signed it. What makes it an
 * anchor is that it lies where nobody who can write to the database can reach it.
 * @throws when the file exists (EEXIST): an anchor is never replaced.
 */
export async function writeAnchor(file: string, head: SignedHead): Promise<void> {
  const folder = dirname(file)
  const draft = `${file}.${randomUUID()}.part`
  const handle = await open(draft, 'wx', 0o644)
  try {
    await handle.writeFile(JSON.stringify(head) + '\n')
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(draft, file)
  } finally {
    await unlink(draft)
  }
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** @throws the file system's error when it cannot be read; a sentence when it is no anchor, or not signed by one of `keys`. */
export async function readAnchor(file: string, keys: ReadonlyMap<string, KeyObject>): Promise<Anchor> {
  return openAnchor(file, await readFile(file, 'utf8'), keys)
}

/** `name` is the place it came from, as verdicts shall call it: a file, "the host registry". */
export function openAnchor(name: string, text: string, keys: ReadonlyMap<string, KeyObject>): Anchor {
  const signed = parsed(text)
  const head = signed ? openHead(signed, keys) : 'it is no signed head'
  if (typeof head === 'string') throw new Error(`${name} is no anchor: ${head}.`)
  return { name, head }
}

function parsed(text: string): SignedHead | undefined {
  try {
    const { payload, key, signature } = JSON.parse(text) as Record<string, unknown>
    return typeof payload === 'string' && typeof key === 'string' && typeof signature === 'string' ? { payload, key, signature } : undefined
  } catch {
    return undefined // no JSON, or none with members
  }
}
