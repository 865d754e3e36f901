import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { People } from './wire.ts'

/** Debian's own: its packages are installed for no other Python. */
const interpreter = '/usr/bin/python3'
const patienceMs = 120_000

/** Python's xmlrpc.client. */
export const xmlrpcClient = (people: People): Promise<void> => run('xmlrpc_client.py', people)

/** OdooRPC as Debian ships it (python3-odoorpc). */
export const odooRpc = (people: People): Promise<void> => run('odoorpc_session.py', people)

/** Runs a program that asserts for itself, and ends with `ok` once it came to its end. */
async function run(program: string, { editor, clerk }: People): Promise<void> {
  const { url, db, login, password } = editor
  const args = [join(import.meta.dirname, program), url, db, login, password, clerk.login, clerk.password]
  const child = spawn(interpreter, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  assert.deepEqual([code, out.trim()], [0, 'ok'], err)
}
