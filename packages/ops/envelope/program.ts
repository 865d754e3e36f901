import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { OpsError } from '../errors.ts'
import type { Command } from './job.ts'

/** Of coreutils. */
const stdbuf = '/usr/bin/stdbuf'
/** How much of a program's last words an error repeats. */
const tailLength = 600

/** A running command. `ended` rejects unless it ended by itself with 0: a killed pg_dump closes its output as a finished one does (cloud.md F3). */
export interface Program {
  child: ChildProcess
  ended: Promise<void>
}

/** `pipe` says which end of it we hold. It stays in our process group, so that it ends with us. */
export function run({ command, args, env, writes }: Command, pipe: 'its output' | 'its input'): Program {
  const isWide = writes !== undefined && existsSync(stdbuf)
  // It becomes the program: the process is the same one.
  const child = spawn(isWide ? stdbuf : command, isWide ? [`--output=${writes}`, command, ...args] : args, {
    stdio: pipe === 'its output' ? ['ignore', 'pipe', 'pipe'] : ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...env },
    cwd: '/',
  })
  let words = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-tailLength)))
  const name = basename(command)
  const ended = new Promise<void>((resolve, reject) => {
    const fail = (how: string) => reject(new OpsError('program_failed', `${name} ${how}${words.trim() ? `: ${words.trim()}` : '.'}`))
    child.once('error', (error) => fail(`could not be run (${error.message})`))
    child.once('close', (code, signal) => {
      if (code === 0 && signal === null) resolve()
      else fail(signal ? `was ended by ${signal}` : `failed with exit code ${code}`)
    })
  })
  ended.catch(() => {}) // whoever awaits it hears of it; nobody need
  return { child, ended }
}

/** Says only that the other end of a pipe is gone: the cause lies there. */
export const isBrokenPipe = (error: unknown): boolean =>
  ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as { code?: string }).code ?? '')
