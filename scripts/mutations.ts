/**
 * `node scripts/mutations.ts [WORD…]`: takes protections away, one at a time, in a copy of this tree, and runs the test that should
 * notice. Exits with 1 when one is not noticed. With words, only the protections whose names hold one of them. Not part of `./erp4 test`:
 * it runs a test file for each protection.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { startTestCluster } from '@erp4/testing'
import { type Mutation, mutations } from './mutations/list.ts'
import { repository } from './run.ts'

const passedBy = new Set(['node_modules', '.git', 'var', '.cache'])
/** So long that a busy machine does not pass for a protection that is gone. */
const limitMs = 900_000

/** A copy of the tree whose packages are its own; what came from npm is shared. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'erp4-mutations-'))
  cpSync(repository, copy, {
    recursive: true,
    filter: (from) => !passedBy.has(relative(repository, from).split('/')[0]!) && !from.endsWith('/node_modules'),
  })
  mkdirSync(join(copy, 'node_modules/@erp4'), { recursive: true })
  for (const name of readdirSync(join(repository, 'node_modules')))
    if (name !== '@erp4') symlinkSync(join(repository, 'node_modules', name), join(copy, 'node_modules', name))
  for (const name of readdirSync(join(repository, 'node_modules/@erp4')))
    symlinkSync(readlinkSync(join(repository, 'node_modules/@erp4', name)), join(copy, 'node_modules/@erp4', name))
  return copy
}

/** UNSOUND: the test fails with all protections in place, so that its failure says nothing. */
type Verdict = 'noticed' | 'NOT NOTICED' | 'NOT APPLIED' | 'TOO SLOW' | 'UNSOUND'

const sound = new Map<string, Promise<number | null>>()

async function attempt(copy: string, { file, from, to, test, only }: Mutation, env: NodeJS.ProcessEnv): Promise<Verdict> {
  const args = ['--test', ...(only ? [`--test-name-pattern=${only}`] : []), test]
  const before = sound.get(args.join(' ')) ?? run(copy, args, env)
  sound.set(args.join(' '), before)
  if ((await before) !== 0) return 'UNSOUND'
  const path = join(copy, file)
  const whole = readFileSync(path, 'utf8')
  if (whole.split(from).length !== 2) return 'NOT APPLIED'
  writeFileSync(
    path,
    whole.replace(from, () => to),
  )
  try {
    const code = await run(copy, args, env)
    return code === null ? 'TOO SLOW' : code === 0 ? 'NOT NOTICED' : 'noticed'
  } finally {
    writeFileSync(path, whole)
  }
}

/** The exit code; null when it had to be ended. */
function run(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: 'ignore' })
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve(code)
    })
  })
}

async function main(words: readonly string[]): Promise<boolean> {
  const chosen = mutations.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  const copy = copyTree()
  const cluster = await startTestCluster()
  // A test file that finds another runner's variables reports to it instead of failing by itself.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env
  const env = { ...own, ...cluster.env }
  let isGood = true
  try {
    for (const mutation of chosen) {
      const started = performance.now()
      const verdict = await attempt(copy, mutation, env)
      if (verdict !== 'noticed') isGood = false
      console.log(`${verdict.padEnd(11)} ${Math.round((performance.now() - started) / 1000)} s  ${mutation.name}  (${mutation.test})`)
    }
  } finally {
    await cluster.stop()
    rmSync(copy, { recursive: true, force: true })
  }
  return isGood
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
