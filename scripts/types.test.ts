import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository } from './run.ts'
import { seeded } from './seeded.ts'
import { typesOfAll, typesOfEachApp } from './types.ts'

/** `b` extends a model of `a`; `useInA` is a line of `a`. */
function repositoryOfTwo(useInA: string): string {
  const manifest = (name: string) => ({ name: `@erp4/${name}`, type: 'module', exports: { '.': './index.ts' } })
  const root = seeded({
    'tsconfig.json': readFileSync(join(repository, 'tsconfig.json'), 'utf8').replace('"types": ["node"]', '"types": []'),
    'packages/orm/package.json': manifest('orm'),
    'packages/orm/index.ts': 'export interface Order { name: string }\n',
    'apps/a/package.json': manifest('a'),
    'apps/a/index.ts': `import type { Order } from '@erp4/orm'\nexport const use = (order: Order): unknown => ${useInA}\n`,
    'apps/b/package.json': manifest('b'),
    'apps/b/index.ts': "import type {} from '@erp4/orm'\ndeclare module '@erp4/orm' { interface Order { delivered: boolean } }\n",
  })
  mkdirSync(join(root, 'node_modules/@erp4'), { recursive: true })
  symlinkSync('../../packages/orm', join(root, 'node_modules/@erp4/orm'))
  return root
}

test('an app that keeps to its own fields passes, alone and together', async () => {
  const root = repositoryOfTwo('order.name')
  assert.deepEqual([await typesOfAll(root), await typesOfEachApp(root)], [[], []])
})

test('an app that names a field of an app it does not import passes together, and fails alone', async () => {
  const root = repositoryOfTwo('order.delivered')
  assert.deepEqual(await typesOfAll(root), [])
  const [error, ...more] = await typesOfEachApp(root)
  assert.match(error!, /^apps\/a alone: apps\/a\/index\.ts\(2,\d+\): error TS2339: Property 'delivered' does not exist/)
  assert.deepEqual(more, [])
})
