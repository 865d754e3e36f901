import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundaries } from './boundaries.ts'
import { seeded } from './seeded.ts'

const manifest = (name: string, dependencies: Record<string, string> = {}) => ({
  name: `@erp4/${name}`,
  exports: { '.': './index.ts' },
  dependencies,
})
const index = (name: string, depends = '') => `export const ${name} = app({ name: '${name}', depends: [${depends}], models: [] })\n`

/** A small repository that keeps every boundary, with `files` laid over it. */
const repository = (files: Record<string, string | object> = {}) =>
  seeded({
    'package.json': { dependencies: { pg: '8.0.0', fastify: '5.0.0' }, devDependencies: { 'smtp-server': '3.0.0' } },
    'packages/orm/package.json': { ...manifest('orm', { pg: '8.0.0' }), exports: { '.': './index.ts', './models': './models.ts' } },
    'packages/orm/index.ts': "import pg from 'pg'\nexport * from './model.ts'\nexport { pg }\n",
    'packages/server/package.json': manifest('server', { '@erp4/orm': '*', fastify: '5.0.0' }),
    'packages/server/index.ts': "import { app } from '@erp4/orm'\nimport fastify from 'fastify'\n",
    'packages/server/mail.test.ts':
      "import { SMTPServer } from 'smtp-server'\nimport { world } from '@erp4/testing'\nimport { base } from '@erp4/base'\n",
    'packages/ops/package.json': manifest('ops', { pg: '8.0.0' }),
    'packages/ops/index.ts': "import { spawn } from 'node:child_process'\n",
    'packages/testing/package.json': manifest('testing', { '@erp4/orm': '*', '@erp4/ops': '*' }),
    'packages/testing/index.ts': "import { app } from '@erp4/orm'\nimport { start } from '@erp4/ops'\n",
    'apps/base/package.json': manifest('base', { '@erp4/orm': '*' }),
    'apps/base/index.ts': index('base'),
    'apps/sale/package.json': manifest('sale', { '@erp4/orm': '*', '@erp4/base': '*' }),
    'apps/sale/index.ts': `import { app } from '@erp4/orm'\nimport '@erp4/orm/models'\nimport { base } from '@erp4/base'\n${index('sale', 'base')}`,
    'bin/erp4.ts': "import { serve } from '@erp4/server'\nimport { cluster } from '@erp4/ops'\n",
    ...files,
  })

test('a repository that keeps its boundaries has no problems', () => assert.deepEqual(boundaries(repository()), []))

for (const [what, files, said] of [
  [
    'ops imports the ORM',
    { 'packages/ops/x.ts': "import { app } from '@erp4/orm'\n" },
    /^packages\/ops\/x\.ts:1 imports @erp4\/orm: .* none of our packages/,
  ],
  ['the server imports ops', { 'packages/server/x.ts': "import { cluster } from '@erp4/ops'\n" }, /may import @erp4\/orm/],
  ['the server imports an app', { 'packages/server/x.ts': "import { base } from '@erp4/base'\n" }, /may import @erp4\/orm/],
  ['an app imports the server', { 'apps/sale/x.ts': "import { serve } from '@erp4/server'\n" }, /and the apps its package\.json lists/],
  [
    'an app imports an app it does not list',
    { 'apps/base/x.ts': "const { sale } = await import('@erp4/sale')\n" },
    /apps its package\.json lists/,
  ],
  ['an import past the index', { 'apps/sale/x.ts': "import { Sql } from '@erp4/orm/sql/fragment.ts'\n" }, /reaches past the index/],
  ['a relative path into another package', { 'apps/sale/x.ts': "import { base } from '../base/index.ts'\n" }, /reaches out of apps\/sale/],
  ['the command line is imported', { 'packages/server/x.ts': "import '../../bin/erp4.ts'\n" }, /reaches out of packages\/server/],
  ['a script imports bin', { 'scripts/x.ts': "import '../bin/erp4.ts'\n" }, /reaches out of scripts/],
  [
    'a package that is not listed',
    { 'apps/sale/x.ts': "import pg from 'pg'\n" },
    /imports pg, which apps\/sale\/package\.json does not list/,
  ],
  ['a development package in the product', { 'packages/server/x.ts': "import { SMTPServer } from 'smtp-server'\n" }, /smtp-server/],
  ['a package of ours that is not there', { 'apps/sale/x.ts': "import { x } from '@erp4/gone'\n" }, /does not exist/],
  ['an import without its extension', { 'apps/sale/x.ts': "import { x } from './models/x'\n" }, /without its extension/],
  ['two versions of one package', { 'packages/ops/package.json': manifest('ops', { pg: '7.0.0' }) }, /wants pg 7\.0\.0/],
  [
    'an app whose two lists disagree',
    { 'apps/sale/package.json': manifest('sale', { '@erp4/orm': '*' }), 'apps/sale/index.ts': index('sale', 'base') },
    /does not list/,
  ],
  [
    'the web client runs the ORM',
    { 'packages/web/package.json': manifest('web', { '@erp4/orm': '*' }), 'packages/web/x.ts': "import { app } from '@erp4/orm'\n" },
    /types alone/,
  ],
] as const) {
  test(`found: ${what}`, () => {
    const found = boundaries(repository(files))
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0]!, said)
  })
}

test('the web client may import the types of the ORM', () => {
  const files = {
    'packages/web/package.json': manifest('web', { '@erp4/orm': '*' }),
    'packages/web/x.ts': "import type { Domain } from '@erp4/orm'\n",
  }
  assert.deepEqual(boundaries(repository(files)), [])
})
