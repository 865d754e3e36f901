import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

/** The repository's folder. */
export const repository = join(import.meta.dirname, '..')

const programs = join(repository, 'node_modules/.bin')

/**
 * Runs a program of `node_modules/.bin`, and answers how it ended and what it printed, stderr after stdout. It finds the others there as
 * under npm: from a folder elsewhere, oxlint knows no other way to its type-aware half.
 */
export function runTool(tool: string, args: readonly string[], cwd: string): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(programs, tool), args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` },
    })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (piece: Buffer) => out.push(piece))
    child.stderr.on('data', (piece: Buffer) => err.push(piece))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat([...out, ...err]).toString() }))
  })
}

/** Works through `list`, `width` at a time; the results keep the list's order. */
export async function mapSome<T, R>(list: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < list.length) {
      const at = next++
      results[at] = await work(list[at]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, list.length) }, worker))
  return results
}
