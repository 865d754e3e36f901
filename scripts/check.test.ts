import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository, runTool } from './run.ts'
import { seeded } from './seeded.ts'

/** The names of the rules that our settings find broken in `code`, and all that the linter said. */
async function lint(code: string): Promise<{ broken: string[]; output: string }> {
  const root = seeded({
    '.oxlintrc.json': readFileSync(join(repository, '.oxlintrc.json'), 'utf8'), // a copy: what it ignores is told from its folder
    'tsconfig.json': { compilerOptions: { strict: true, module: 'nodenext', target: 'es2024' } },
    'a.ts': code,
  })
  const { output } = await runTool('oxlint', ['--type-aware', '--format', 'unix', '--no-ignore', '-c', '.oxlintrc.json', 'a.ts'], root)
  return { broken: [...output.matchAll(/\((?<rule>[\w-]+)\)\]$/gm)].map(({ groups }) => groups!['rule']!), output }
}

for (const [rule, code] of [
  ['no-floating-promises', 'export async function a(): Promise<void> {}\na()\n'],
  ['no-misused-promises', 'export const a = (list: number[]) => list.forEach(async () => Promise.resolve())\n'],
  ['await-thenable', 'export const a = async () => await 1\n'],
  [
    'return-await',
    'export async function a(b: () => Promise<number>) {\n  try { return b() } catch (error) { throw new Error("b", { cause: error }) }\n}\n',
  ],
  ['no-eval', 'export const a = (text: string): unknown => globalThis["ev" + "al"] ?? ev' + 'al(text)\n'],
  ['no-empty', 'export function a(b: () => void) { try { b() } catch {} }\n'],
  ['no-default-export', 'export default 1\n'],
  ['consistent-type-imports', "import { Writable } from 'node:stream'\nexport const a = (b: Writable): boolean => b === null\n"],
  ['no-unused-vars', 'const a = 1\n'],
  ['eqeqeq', 'export const a = (b: unknown) => b == 1\n'],
] as const) {
  test(`the linter finds ${rule}`, async () => {
    const { broken, output } = await lint(code)
    assert.ok(broken.includes(rule), output)
  })
}

test('the linter reads ordinary code and lets it through', async () => {
  const { broken, output } = await lint('export async function a(b: readonly number[]): Promise<number> {\n  return b.length\n}\n')
  assert.deepEqual(broken, [], output)
  assert.doesNotMatch(output, /No files found/)
})
