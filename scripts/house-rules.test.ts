import assert from 'node:assert/strict'
import { test } from 'node:test'
import { houseRules, lockfiles, machinePaths } from './house-rules.ts'
import { seeded } from './seeded.ts'

// Put together from pieces, so that looking for such text finds no example of it here.
const [html, fn, definer, evil] = ['inner' + 'HTML', 'Func' + 'tion', 'security ' + 'definer', 'ev' + 'al']

for (const [what, path, line, said] of [
  ['a statement beside business code', 'apps/a/x.ts', "await cx.query('select id from res_partner')", /folders named 'sql'/],
  ['a statement in capitals', 'apps/a/x.ts', 'const q = `UPDATE t SET a = 1`', /folders named 'sql'/],
  ['a tagged statement beside business code', 'packages/server/x.ts', 'const q = sql`lock table t`', /folders named 'sql'/],
  [
    'a woven statement of the ORM without its tag',
    'packages/orm/operations/x.ts',
    'const q = `select id from t where a = ${a}`',
    /folders named 'sql'/,
  ],
  ['a change of the schema', 'packages/server/x.ts', "const q = 'alter table t add column a int4'", /folders named 'sql'/],
  [
    'a statement with a value woven in',
    'packages/orm/sql/x.ts',
    'await cx.query(`select * from t where name = ${name}`)',
    /put together from strings/,
  ],
  ['a statement glued with a plus', 'packages/orm/sql/x.ts', "await cx.query('select * from ' + table)", /put together from strings/],
  ['raw text as a fragment', 'packages/server/sql/x.ts', 'const q = Sql.fixed(text)', /Sql\.fixed/],
  ['markup set as it is', 'packages/web/src/x.ts', `element.${html} = text`, /unescaped/],
  ['markup set through an index', 'packages/web/src/x.ts', `element['${html}'] = text`, /unescaped/],
  [
    'markup in React',
    'packages/web/src/x.tsx',
    `const x = <p dangerouslySet${html[0]!.toUpperCase() + html.slice(1)}={{ __html: text }} />`,
    /unescaped/,
  ],
  ['text run as code', 'apps/a/x.ts', `${evil}(text)`, /run as code/],
  ['a function made of text', 'apps/a/x.ts', `new ${fn}('a', text)`, /run as code/],
  ['system rights without a reason', 'apps/a/x.ts', 'await env.asSystem(reason, async () => 1)', /reason/],
  ['system rights with a reason of the moment', 'apps/a/x.ts', 'await env.asSystem(`for ${user.login}`, async () => 1)', /reason/],
  ['a definer function in an instance', 'packages/orm/sql/x.ts', `const q = sql\`create function f() ${definer}\``, /owner's rights/],
  ['a narrowed test', 'apps/a/x.test.ts', "test.only('a', () => {})", /skipped or narrowed/],
  ['a skipped test', 'apps/a/x.test.ts', "test('a', { skip: true }, () => {})", /skipped or narrowed/],
] as const) {
  test(`${what} is found`, () => {
    const found = houseRules(seeded({ [path]: `// first line\n${line}\n` }))
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0]!, said)
    assert.ok(found[0]!.startsWith(`${path}:2 `), found[0])
  })
}

for (const [what, path, line] of [
  ['a statement in a folder named sql', 'packages/server/sql/x.ts', 'export const q = sql`select id from t where a = ${a}`'],
  ['a statement of ops', 'packages/ops/x.ts', 'await client.query(`create database ${quoted}`)'],
  ['a statement in a test', 'apps/a/x.test.ts', "await admin.query('select count(*) from t')"],
  ['a tagged statement of the ORM', 'packages/orm/operations/x.ts', 'const q = sql`select id from t where a = ${a}`'],
  ['a fixed statement of the ORM', 'packages/orm/x.ts', "await client.query('select now() from t')"],
  ['a sentence that begins like one', 'apps/a/x.ts', "const label = 'Select a customer from the list'"],
  ['a word in a comment', 'apps/a/x.ts', `// never ${html} = or ${evil}( here`],
  ['system rights with their reason', 'apps/a/x.ts', "await env.asSystem('sequence numbers are shared by the company', async () => 1)"],
  [
    'the declaration of system rights',
    'packages/orm/x.ts',
    'class Env { async asSystem<T>(reason: string, work: () => T) { return work() } }',
  ],
  ['reading the page', 'tests/x.test.ts', `const seen = await page.${html}()`],
] as const) {
  test(`${what} is let through`, () => assert.deepEqual(houseRules(seeded({ [path]: `${line}\n` })), []))
}

test('a lockfile with an address or without a hash is found', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-x' }
  const root = seeded({
    'package-lock.json': {
      packages: {
        '': {},
        'apps/a': {},
        'node_modules/good': entry,
        'node_modules/ours': { link: true, resolved: 'apps/a' },
        'node_modules/far': { ...entry, resolved: 'https://example.com/far.tgz' },
        'node_modules/bare': { version: '1.0.0' },
      },
    },
  })
  assert.deepEqual(
    lockfiles(root).map((problem) => problem.replace(/;.*/, '')),
    [
      'package-lock.json: node_modules/far names the address it was downloaded from',
      'package-lock.json: node_modules/bare has no integrity hash',
      'tools/node/package-lock.json is missing',
    ],
  )
})

test('a folder of the machine is found, a path of the system is not', () => {
  const someone = ['', 'home', 'ann', 'erp4'].join('/')
  const root = seeded({ 'docs/a.md': `Run it in\n${someone}/bin.\n`, 'docs/b.md': 'Sockets live in /tmp/erp4-1234/ or /var/lib/erp4/.\n' })
  assert.deepEqual(machinePaths(root), [`docs/a.md:2 names a folder of one machine: ${someone.replace('erp4', '')}`])
})
