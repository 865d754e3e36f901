import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository, runTool } from './run.ts'
import { seeded } from './seeded.ts'

/** The names of the rules that our settings find broken in `code`. */
async function broken(code: string): Promise<string[]> {
  const root = seeded({ 'tsconfig.json': { compilerOptions: { strict: true, module: 'nodenext', target: 'es2024' } }, 'a.ts': code })
  const { output } = await runTool('oxlint', ['--type-aware', '--format', 'unix', '-c', join(repository, '.oxlintrc.json')], root)
  return [...output.matchAll(/\((?<rule>[\w-]+)\)\]$/gm)].map(({ groups }) => groups!['rule']!)
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
    const found = await broken(code)
    assert.ok(found.includes(rule), `found only: ${found.join(', ')}`)
  })
}

test('the linter lets ordinary code through', async () => {
  assert.deepEqual(await broken('export async function a(b: readonly number[]): Promise<number> {\n  return b.length\n}\n'), [])
})
