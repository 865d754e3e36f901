import assert from 'node:assert/strict'
import { test } from 'node:test'
import { docs } from './docs.ts'
import { seeded } from './seeded.ts'

/** A repository whose documents are right, with `files` laid over it. */
const repository = (files: Record<string, string | object> = {}) =>
  seeded({
    'README.md': 'Run `./erp4 start`; `ERP4_HOME` moves the data. See [the guide](docs/models.md) and `packages/orm`.\n',
    'docs/models.md': 'UserError, `broken_home`, and the command `erp4 instance list`.\n',
    'docs/decisions/0001-no-build.md': '# 1. No build\n',
    'packages/orm/package.json': { name: '@erp4/orm' },
    'packages/orm/errors.ts': "export class UserError extends Error {}\nexport type OpsCode =\n  | 'broken_home'\n",
    'bin/commands.ts':
      "const home = process.env.ERP4_HOME\nexport const commands = [{ name: 'start', usage: '' }, { name: 'instance list', usage: '' }]\n",
    ...files,
  })

test('documents that say what is there have no problems', () => assert.deepEqual(docs(repository()), []))

for (const [what, files, said] of [
  [
    'a command',
    { 'bin/doctor.ts': "export const doctor = { name: 'doctor', usage: '' }\n" },
    /the command erp4 doctor is mentioned in no document/,
  ],
  ['a setting', { 'packages/orm/x.ts': 'export const depth = process.env.ERP4_DEPTH\n' }, /the setting ERP4_DEPTH/],
  ['a setting of a shell script', { erp4: '[ "${ERP4_QUIET:-}" = 1 ]\n' }, /the setting ERP4_QUIET/],
  ['an error', { 'packages/orm/x.ts': 'export class LockError extends UserError {}\n' }, /the error LockError/],
  ["an error's code", { 'packages/orm/x.ts': "export type StoreCode = 'lost_block'\n" }, /the error lost_block/],
  ['an app', { 'apps/sale/package.json': { name: '@erp4/sale' } }, /the folder apps\/sale/],
] as const) {
  test(`${what} that no document mentions is found`, () => {
    const found = docs(repository(files))
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0]!, said)
  })
}

for (const [what, files, said] of [
  ['a command', { 'docs/a.md': '\n\n    ./erp4 fly\n' }, 'docs/a.md:3 shows the command ./erp4 fly, which does not exist'],
  ['a path', { 'docs/a.md': 'Look into `packages/orm/gone.ts`.\n' }, 'docs/a.md:1 names packages/orm/gone.ts, which does not exist'],
  ['a page', { 'docs/a.md': 'See [there](gone.md#part).\n' }, 'docs/a.md:1 links to gone.md, which does not exist'],
  [
    'a number twice',
    { 'docs/decisions/0001-other.md': '# 1. Other\n' },
    'docs/decisions/0001-other.md: the number 0001 is taken by docs/decisions/0001-no-build.md',
  ],
] as const) {
  test(`${what} that a document gets wrong is found`, () => assert.deepEqual(docs(repository(files)), [said]))
}
