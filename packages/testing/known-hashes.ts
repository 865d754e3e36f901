import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

// Loaded before a test file, so before anything else has taken PBKDF2 from Node (`./erp4 test` does it: --import).

const compute = crypto.pbkdf2
const computeSync = crypto.pbkdf2Sync
const known = new Map<string, Promise<Buffer>>()

/** A product's rounds make a hash slow on purpose: from here on a two-hundredth of them is computed, of a salt that names how many they are. */
const slowFrom = 100_000
const quicker = 200

function quickened(salt: crypto.BinaryLike, rounds: number): [salt: crypto.BinaryLike, rounds: number] {
  if (!(rounds >= slowFrom)) return [salt, rounds]
  return [Buffer.concat([Buffer.from(bytes(salt), 'base64'), Buffer.from(`${rounds} rounds`)]), Math.ceil(rounds / quicker)]
}

/**
 * PBKDF2 as Node does it, but for the time it takes: the same password, salt and rounds give the same bytes, others give others. Nothing is
 * computed twice in one process, and nothing slowly. That a hash of the product is the standard's is shown outside (`password.test.ts`).
 */
crypto.pbkdf2 = (password, salt, rounds, length, digest, tell) => {
  const name = crypto.hash('sha256', JSON.stringify([bytes(password), bytes(salt), rounds, length, digest]))
  const hash =
    known.get(name) ??
    new Promise<Buffer>((resolve, reject) =>
      compute(password, ...quickened(salt, rounds), length, digest, (error, made) => (error ? reject(error) : resolve(made))),
    )
  known.set(name, hash)
  // Never in the caller's own turn, and a copy: whoever overwrites his secret overwrites nobody else's.
  hash.then(
    (made) => setImmediate(() => tell(null, Buffer.from(made))),
    (error: Error) => setImmediate(() => tell(error, Buffer.alloc(0))),
  )
}
crypto.pbkdf2Sync = (password, salt, rounds, length, digest) => computeSync(password, ...quickened(salt, rounds), length, digest)
syncBuiltinESMExports()

function bytes(given: crypto.BinaryLike): string {
  const { buffer, byteOffset, byteLength } = typeof given === 'string' ? Buffer.from(given) : given
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64')
}
