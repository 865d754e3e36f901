/** `./erp4 check`: everything that can be known without running the program. */
import { styleText } from 'node:util'
import { boundaries } from './boundaries.ts'
import { docs } from './docs.ts'
import { houseRules, lockfiles, machinePaths } from './house-rules.ts'
import { repository, runTool } from './run.ts'
import { typesOfAll, typesOfEachApp } from './types.ts'

interface Check {
  readonly name: string
  /** One message for each problem. */
  readonly find: (root: string) => string[] | Promise<string[]>
}

const checks: readonly Check[] = [
  { name: 'boundaries', find: boundaries },
  { name: 'house rules', find: houseRules },
  { name: 'docs', find: docs },
  { name: 'lockfiles', find: lockfiles },
  { name: 'machine paths', find: (root) => machinePaths(root) },
  { name: 'format', find: format },
  { name: 'types', find: typesOfAll },
  { name: 'lint', find: lint },
  { name: 'types of each app alone', find: typesOfEachApp },
]

export interface CheckResult {
  readonly name: string
  readonly problems: readonly string[]
  readonly ms: number
}

/** Runs every check and tells about each as it ends. */
export async function check(root = repository, tell: (line: string) => void = console.log): Promise<CheckResult[]> {
  const run = async ({ name, find }: Check): Promise<CheckResult> => {
    const started = performance.now()
    const problems = await Promise.resolve(find(root)).catch((error: unknown) => [`could not be run: ${(error as Error).message}`])
    const result = { name, problems, ms: performance.now() - started }
    tell(lines(result))
    return result
  }
  // The native tools use both cores by themselves; two at once keep them busy while one of ours reads files.
  const results: CheckResult[] = []
  for (const one of checks) results.push(await run(one))
  return results
}

function lines({ name, problems, ms }: CheckResult): string {
  const seconds = `${(ms / 1000).toFixed(1)} s`
  if (problems.length === 0) return `${styleText('green', '✔')} ${name} ${styleText('dim', seconds)}`
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return [`${styleText('red', '✖')} ${name}: ${count} ${styleText('dim', seconds)}`, ...problems.map((problem) => `    ${problem}`)].join(
    '\n',
  )
}

async function lint(root: string): Promise<string[]> {
  const { ok, output } = await runTool('oxlint', ['--type-aware', '--format', 'unix', '--deny-warnings'], root)
  return ok
    ? []
    : output
        .split('\n')
        .filter((line) => /^\S+:\d+:\d+: /.test(line))
        .concat(/\d+ problems?/.test(output) ? [] : [output.trim()])
}

async function format(root: string): Promise<string[]> {
  const { ok, output } = await runTool('oxfmt', ['--list-different', '.'], root)
  return ok
    ? []
    : output
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((path) => `${path} is not formatted; run: node_modules/.bin/oxfmt ${path}`)
}

if (import.meta.main) {
  const results = await check()
  process.exitCode = results.some(({ problems }) => problems.length > 0) ? 1 : 0
}
