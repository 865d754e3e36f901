import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../exit-codes.ts'

/** Becomes `scripts/<name>.ts`: the tools of developers are no part of the program. */
export async function script(name: string, args: readonly string[]): Promise<void> {
  const path = join(import.meta.dirname, '..', '..', 'scripts', `${name}.ts`)
  if (!existsSync(path)) throw new CommandError('not_built', `scripts/${name}.ts is not there.`)
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' })
  // Ctrl-C reaches the child by the terminal; a signal to us alone is passed on.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.exitCode = await new Promise<number>((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)))
}
