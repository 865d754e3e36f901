import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { Client, type SFTPWrapper, type Stats } from 'ssh2'
import { OpsError } from '../errors.ts'
import type { StoreCredentials } from './credentials.ts'
import type { Entry } from './layout.ts'
import type { StoreRole, StoreSettings } from './locations.ts'

export type SftpSettings = Extract<StoreSettings, { kind: 'sftp' }>

/** Status codes of version 3 of the protocol (draft-ietf-secsh-filexfer-02 §7), the one that OpenSSH speaks. */
const noSuchFile = 2
const permissionDenied = 3
const failure = 4

const pieceSize = 32 * 1024
/** Requests under way at once: a line of 80 ms then carries 25 MB/s, in 2 MB of memory. */
const window = 64
const connectMs = 10_000
const keepaliveMs = 5_000
const keepalives = 4

type Request<T> = (sftp: SFTPWrapper, done: (error: Error | null | undefined, answer?: T) => void) => void

/** One connection, to its end. A handle belongs to it: on the next one its number may be another file's. */
class Session {
  readonly client: Client
  readonly #sftp: SFTPWrapper
  readonly #waiting = new Set<(error: Error) => void>()
  #isGone = false

  constructor(client: Client, sftp: SFTPWrapper) {
    this.client = client
    this.#sftp = sftp
    client.once('close', () => {
      this.#isGone = true
      for (const fail of this.#waiting) fail(gone())
    })
  }

  /** One request. An answer or an error comes in any case: keepalives end a connection that went silent. */
  ask<T>(request: Request<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) return reject(gone())
      this.#waiting.add(reject)
      request(this.#sftp, (error, answer) => {
        this.#waiting.delete(reject)
        if (error) reject(error)
        else resolve(answer as T)
      })
    })
  }
}

const gone = (): Error => new Error('the connection was closed')

/** A connection to an SFTP server, opened when it is needed and again when it broke, and the few requests that a store makes. */
export class SftpLink {
  readonly #settings: SftpSettings
  readonly #role: StoreRole
  readonly #credentials: () => StoreCredentials
  #session: Promise<Session> | undefined

  constructor(settings: SftpSettings, role: StoreRole, credentials: () => StoreCredentials) {
    this.#settings = settings
    this.#role = role
    this.#credentials = credentials
  }

  async stats(path: string): Promise<Stats | undefined> {
    return this.#ask<Stats>((sftp, done) => sftp.lstat(path, done)).catch(unless(noSuchFile, undefined))
  }

  /** Entries of a folder; none when there is no such folder. */
  async entries(path: string): Promise<Entry[]> {
    type Found = { filename: string; attrs: Stats }[]
    const found = await this.#ask<Found>((sftp, done) => sftp.readdir(path, done)).catch(unless(noSuchFile, [] as Found))
    return found
      .filter(({ filename }) => filename !== '.' && filename !== '..')
      .map(({ filename, attrs }) => ({
        name: filename,
        kind: attrs.isDirectory() ? 'folder' : attrs.isFile() ? 'file' : 'other',
        length: attrs.size,
      }))
  }

  async makeFolders(path: string): Promise<void> {
    if ((await this.stats(path))?.isDirectory()) return
    await this.makeFolders(posix.dirname(path))
    try {
      await this.#ask<void>((sftp, done) => sftp.mkdir(path, { mode: 0o700 }, done))
    } catch (error) {
      if (!(await this.stats(path))?.isDirectory()) throw error // otherwise another was quicker
    }
  }

  /** A new file with this content, durably; never one that exists. Nobody can open it for writing again. Gives its time. */
  async writeNew(path: string, content: AsyncIterable<Buffer>): Promise<Date> {
    const session = await this.#connected()
    const handle = await session.ask<Buffer>((sftp, done) => sftp.open(path, 'wx', 0o400, done))
    try {
      await writeAll(session, handle, content)
      await sync(session, handle)
      return new Date((await session.ask<Stats>((sftp, done) => sftp.fstat(handle, done))).mtime * 1000)
    } finally {
      await session.ask<void>((sftp, done) => sftp.close(handle, done)).catch(() => {}) // the connection is gone, and the handle with it
    }
  }

  /** The bytes from `start` to `end`, both counted in. */
  async read(path: string, start: number, end: number): Promise<Readable> {
    const session = await this.#connected()
    const handle = await session.ask<Buffer>((sftp, done) => sftp.open(path, 'r', done))
    return Readable.from(pieces(session, handle, start, end), { objectMode: false, highWaterMark: window * pieceSize })
  }

  /** Gives a file a second name, or a new one where the server knows no links; false when the name is taken. */
  async publish(from: string, to: string): Promise<boolean> {
    try {
      await this.#ask<void>((sftp, done) => {
        try {
          sftp.ext_openssh_hardlink(from, to, done)
        } catch {
          // The server knows no links. A rename of version 3 refuses a name that is taken, which posix-rename@openssh.com would not.
          sftp.rename(from, to, done)
        }
      })
      return true
    } catch (error) {
      if (await this.stats(to)) return false
      throw error
    }
  }

  /** True when it was there. */
  async move(from: string, to: string): Promise<boolean> {
    return this.#ask<void>((sftp, done) => sftp.rename(from, to, done)).then(() => true, unless(noSuchFile, false))
  }

  /** Without a word where it is gone already, or where this role may not. */
  async tryRemove(path: string): Promise<void> {
    await this.#ask<void>((sftp, done) => sftp.unlink(path, done))
      .catch(unless(noSuchFile, undefined))
      .catch(unless(permissionDenied, undefined))
  }

  async remove(path: string): Promise<void> {
    await this.#ask<void>((sftp, done) => sftp.unlink(path, done)).catch(unless(noSuchFile, undefined))
  }

  /** Only an empty one goes; the server refuses others. */
  async tryRemoveFolder(path: string): Promise<void> {
    await this.#ask<void>((sftp, done) => sftp.rmdir(path, done)).catch(() => {}) // not empty, not there, or not ours to remove
  }

  /** Whether fewer than `bytes` are free where `path` lies: version 3 has no code for a full disk, only for failure. */
  async isFull(path: string, bytes: number): Promise<boolean> {
    type Free = { f_bavail: number; f_frsize: number }
    const free = await this.#ask<Free>((sftp, done) => sftp.ext_openssh_statvfs(path, done)).catch(() => undefined) // not offered: unknown
    return free !== undefined && free.f_bavail * free.f_frsize < bytes
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    const opened = await session?.catch(() => undefined)
    opened?.client.end()
  }

  async #ask<T>(request: Request<T>): Promise<T> {
    return (await this.#connected()).ask(request)
  }

  #connected(): Promise<Session> {
    if (!this.#session) {
      const opening = this.#connect()
      this.#session = opening
      const forget = (): void => void (this.#session === opening && (this.#session = undefined))
      opening.then(({ client }) => client.once('close', forget), forget)
    }
    return this.#session
  }

  #connect(): Promise<Session> {
    const { host, port, users, hostKey } = this.#settings
    const given = this.#credentials()
    if (!('privateKey' in given)) throw new OpsError('key_wrong', 'The credentials of an SFTP store are a privateKey.')
    const client = new Client()
    let isStranger = false
    const hostVerifier = (key: Buffer): boolean => {
      isStranger = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` !== hostKey
      return !isStranger
    }
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(isStranger ? new Error(`its host key is not ${hostKey}: it may be another machine`, { cause: error }) : error)
      client.on('error', fail) // later ones are told to whoever waits for an answer
      client.once('close', () => fail(gone()))
      client.once('ready', () => {
        client.setNoDelay(true) // small requests, each waiting for its answer
        client.sftp((error, sftp) => {
          if (!error) {
            sftp.once('close', () => client.end()) // its process ended, and the connection is of no use
            return resolve(new Session(client, sftp))
          }
          client.end()
          fail(error)
        })
      })
      client.connect({
        host,
        port,
        username: users[this.#role],
        privateKey: given.privateKey,
        hostVerifier,
        readyTimeout: connectMs,
        keepaliveInterval: keepaliveMs,
        keepaliveCountMax: keepalives,
      })
    })
  }
}

async function writeAll(session: Session, handle: Buffer, content: AsyncIterable<Buffer>): Promise<void> {
  const under = new Set<Promise<void>>()
  let place = 0
  const faults: unknown[] = []
  for await (const piece of content) {
    for (let from = 0; from < piece.length; from += pieceSize) {
      const [part, at] = [piece.subarray(from, from + pieceSize), place]
      place += part.length
      const writing: Promise<void> = session
        .ask<void>((sftp, done) => sftp.write(handle, part, 0, part.length, at, done))
        .catch((error: unknown) => void faults.push(error))
        .finally(() => under.delete(writing))
      under.add(writing)
      if (under.size >= window) await Promise.race(under)
      if (faults.length) break
    }
    if (faults.length) break
  }
  await Promise.all(under)
  if (faults.length) throw faults[0]
}

async function sync(session: Session, handle: Buffer): Promise<void> {
  await session.ask<void>((sftp, done) => {
    try {
      sftp.ext_openssh_fsync(handle, done)
    } catch {
      done(undefined) // the server does not offer it: its disk's promise is all there is
    }
  })
}

/** Several requests ahead of what was asked for, in order. */
async function* pieces(session: Session, handle: Buffer, start: number, end: number): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = []
  let next = start
  try {
    while (next <= end || ahead.length) {
      for (; next <= end && ahead.length < window; next += pieceSize) {
        const piece = readPiece(session, handle, next, Math.min(pieceSize, end - next + 1))
        piece.catch(() => {}) // told when its turn comes
        ahead.push(piece)
      }
      yield await ahead.shift()!
    }
  } finally {
    await Promise.allSettled(ahead)
    await session.ask<void>((sftp, done) => sftp.close(handle, done)).catch(() => {}) // the connection is gone, and the handle with it
  }
}

/** A server may give less than it was asked for. */
async function readPiece(session: Session, handle: Buffer, at: number, length: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(length)
  for (let have = 0; have < length;) {
    const got = await session.ask<number>((sftp, done) => sftp.read(handle, piece, have, length - have, at + have, done))
    if (got === 0) throw new Error('the file ended too early')
    have += got
  }
  return piece
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code

/** Whether the server answered, and refused; otherwise the connection is what failed, and another may do better. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof OpsError ||
  [noSuchFile, permissionDenied, failure].includes(codeOf(error) as number) ||
  (error as { level?: string }).level === 'client-authentication'

export const isDenied = (error: unknown): boolean => codeOf(error) === permissionDenied

const unless =
  <T>(code: number, instead: T) =>
  (error: unknown): T => {
    if (codeOf(error) === code) return instead
    throw error
  }
