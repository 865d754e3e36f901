import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { withCluster } from '@erp4/testing'
import { boundaries } from './boundaries.ts'
import { docs } from './docs.ts'
import { newApp, whyNot } from './new-app.ts'
import { repository, runTool } from './run.ts'
import { seeded } from './seeded.ts'
import { typesOfEachApp } from './types.ts'

const ours = ['packages/orm', 'packages/ops', 'packages/server', 'packages/testing', 'apps/base']

/** A repository with our packages and the app base, to put new apps into. */
function workspace(): string {
  const read = (path: string): string => readFileSync(join(repository, path), 'utf8')
  const root = seeded({
    ...Object.fromEntries(
      ['package.json', 'package-lock.json', 'tsconfig.json', '.oxfmtrc.json', '.oxlintrc.json'].map((path) => [path, read(path)]),
    ),
    'node_modules/.erp4-stamp': read('package-lock.json'),
    ...Object.fromEntries(ours.map((home) => [`${home}/package.json`, read(`${home}/package.json`)])),
  })
  const link = (target: string, path: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    symlinkSync(target, join(root, path))
  }
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (!['@erp4', '.erp4-stamp', '.package-lock.json'].includes(name)) link(join(repository, 'node_modules', name), `node_modules/${name}`)
  }
  for (const home of ours) link(join(repository, home), `node_modules/@erp4/${home.split('/')[1]}`)
  return root
}

test('a new app type-checks, keeps the rules, and passes its tests', async () => {
  const root = workspace()
  await newApp(root, 'tool_shed')
  const host = await withCluster()
  // The app alone: base and the packages are links to the repository's own.
  const errors = (await typesOfEachApp(root)).filter((error) => error.includes('tool_shed'))
  assert.deepEqual(errors, [])
  const format = await runTool('oxfmt', ['--list-different', 'apps/tool_shed'], root)
  assert.equal(format.output.trim(), '')
  const lint = await runTool('oxlint', ['--type-aware', '--format', 'unix', 'apps/tool_shed'], root)
  assert.ok(lint.ok, lint.output)
  const run = spawnSync(process.execPath, [join(root, 'apps/tool_shed/models/tool_shed_item.test.ts')], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ERP4_TEST_HOME: host.home.dir },
  })
  assert.equal(run.status, 0, run.stdout + run.stderr)
  assert.match(run.stdout, /who is in no group reaches none/)
})

test('a new app is known to the workspace, and what is installed still agrees with the lockfile', async () => {
  const root = workspace()
  await newApp(root, 'loan')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> }
  assert.deepEqual(packages['node_modules/@erp4/loan'], { resolved: 'apps/loan', link: true })
  assert.deepEqual(packages['apps/loan'], { name: '@erp4/loan', version: '0.1.0', dependencies: { '@erp4/orm': '*', '@erp4/base': '*' } })
  assert.equal(readFileSync(join(root, 'node_modules/.erp4-stamp'), 'utf8'), lock)
  assert.equal(
    readFileSync(join(root, 'node_modules/@erp4/loan/package.json'), 'utf8'),
    readFileSync(join(root, 'apps/loan/package.json'), 'utf8'),
  )
  const about = (problem: string): boolean => problem.includes('loan')
  assert.deepEqual([...boundaries(root), ...docs(root)].filter(about), [])
})

for (const name of ['Loan', 'loan-desk', '2loan', 'loan_', 'views', 'class', '', '../loan', 'base', 'a'.repeat(31)]) {
  test(`'${name}' is refused as an app's name, with a sentence`, () => assert.match(whyNot(repository, name)!, /^.{10,}[.:]/))
}

test("a package's name is refused as an app's", () => assert.match(whyNot(repository, 'orm')!, /package/))
