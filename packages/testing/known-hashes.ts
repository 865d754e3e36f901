import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

// Loaded before a test file, so before anything else has taken PBKDF2 from Node (`./erp4 test` does it: --import).

const compute = crypto.pbkdf2
const known = new Map<string, Promise<Buffer>>()

/**
 * PBKDF2 as Node does it, which computes nothing twice in one process: the same password, salt and rounds give the same bytes, so tests lose
 * nothing but the 0.2 s that it takes again. A hundred people who sign in with the password of a fixture cost one hash.
 */
crypto.pbkdf2 = (password, salt, rounds, length, digest, tell) => {
  const name = crypto.hash('sha256', JSON.stringify([bytes(password), bytes(salt), rounds, length, digest]))
  const hash =
    known.get(name) ??
    new Promise<Buffer>((resolve, reject) =>
      compute(password, salt, rounds, length, digest, (error, made) => (error ? reject(error) : resolve(made))),
    )
  known.set(name, hash)
  // Never in the caller's own turn, and a copy: whoever overwrites his secret overwrites nobody else's.
  hash.then(
    (made) => setImmediate(() => tell(null, Buffer.from(made))),
    (error: Error) => setImmediate(() => tell(error, Buffer.alloc(0))),
  )
}
syncBuiltinESMExports()

function bytes(given: crypto.BinaryLike): string {
  const { buffer, byteOffset, byteLength } = typeof given === 'string' ? Buffer.from(given) : given
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64')
}
