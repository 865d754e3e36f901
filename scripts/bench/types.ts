/** How long the type checker takes on a large ERP: 174 models of about 32 fields in 25 apps, extended by each other (kernel.md §1, row 10). */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../run.ts'
import type { Bench } from '../bench.ts'

const apps = 25
const modelsOfApp = (app: number): number => (app < 24 ? 7 : 6)
const modelName = (app: number, n: number): string => `app${app}.model${n}`
const modelValue = (app: number, n: number): string => `app${app}_model${n}`
const typeName = (app: number, n: number): string => `App${app}Model${n}`

export const bench: Bench = async () => {
  const root = join(repository, '.cache/bench/types')
  write(root)
  const [whole, one] = [measure(root, 'tsconfig.json'), measure(root, 'tsconfig.one.json')]
  return [
    { what: '174 models in 25 apps, whole', value: whole.seconds, unit: 's', target: 6 },
    { what: '… of it checking', value: whole.checking, unit: 's' },
    { what: '… memory', value: whole.gigabytes, unit: 'GB', target: 2 },
    { what: '… errors', value: whole.errors, unit: '', target: 0 },
    { what: 'one app of 7 models with its dependencies', value: one.seconds, unit: 's' },
    { what: '… errors', value: one.errors, unit: '', target: 0 },
  ]
}

function measure(root: string, project: string): { seconds: number; checking: number; gigabytes: number; errors: number } {
  const started = performance.now()
  const run = spawnSync(join(repository, 'node_modules/.bin/tsc'), ['-p', project, '--extendedDiagnostics', '--pretty', 'false'], {
    cwd: root,
    encoding: 'utf8',
  })
  const seconds = (performance.now() - started) / 1000
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(run.stdout)?.[1] ?? Number.NaN)
  const errors = run.stdout.split('\n').filter((text) => /error TS\d+/.test(text))
  if (errors.length > 0) console.log(errors.slice(0, 5).join('\n'))
  return { seconds, checking: figure('Check time'), gigabytes: figure('Memory used') / 1e6, errors: errors.length }
}

/** The synthetic apps, beside a link to the real ORM. */
function write(root: string): void {
  rmSync(root, { recursive: true, force: true })
  const put = (path: string, content: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  mkdirSync(join(root, 'node_modules/@erp4'), { recursive: true })
  symlinkSync(join(repository, 'packages/orm'), join(root, 'node_modules/@erp4/orm'))
  const options = { extends: '../../../tsconfig.json', compilerOptions: { incremental: false, tsBuildInfoFile: null } }
  put('tsconfig.json', JSON.stringify({ ...options, include: ['apps'], exclude: [] }))
  put('tsconfig.one.json', JSON.stringify({ ...options, include: ['apps/app1'], exclude: [] }))
  put('apps/zero.ts', "import { Decimal } from '@erp4/orm'\n\nexport const zero = Decimal.of(0)\n")
  for (let app = 0; app < apps; app++) {
    for (let n = 0; n < modelsOfApp(app); n++) put(`apps/app${app}/models/${modelValue(app, n)}.ts`, modelFile(app, n))
    if (app > 0) put(`apps/app${app}/models/extension.ts`, extensionFile(app))
    put(`apps/app${app}/access.ts`, accessFile(app))
    put(`apps/app${app}/index.ts`, indexFile(app))
  }
}

/** A model with a parent in the app before, a neighbour and lines in its own; 32 fields of every kind. */
function modelFile(app: number, n: number): string {
  const [name, value, type] = [modelName(app, n), modelValue(app, n), typeName(app, n)]
  const neighbour = modelName(app, (n + 1) % modelsOfApp(app))
  const parent = app > 0 ? modelName(app - 1, n % 6) : neighbour
  return `import { zero } from '../../zero.ts'
import { type ModelFields, boolean, char, date, datetime, decimal, float, integer, many2many, many2one, model, one2many, selection, text } from '@erp4/orm'
${app > 0 ? `import '../../app${app - 1}/index.ts'\n` : ''}
export const ${value} = model('${name}', {
  label: 'Model ${n} of app ${app}',
  order: 'name desc, id',
  fields: {
    name: char({ required: true }),
    active: boolean({ default: true }),
    state: selection({ draft: 'Draft', sent: 'Sent', done: 'Done', cancel: 'Cancelled' }, { required: true, default: 'draft' }),
    parent_id: many2one('${parent}', { required: true }),
    neighbour_id: many2one('${neighbour}'),
    line_ids: one2many('${neighbour}', 'neighbour_id'),
    tag_ids: many2many('${parent}'),
    amount: decimal({ compute: 'stored' }),
    total: decimal({ compute: 'live' }),
    note: text(),
    day: date(),
    moment: datetime(),
    ${Array.from({ length: 20 }, (_, i) => `${['char', 'integer', 'float', 'decimal', 'date'][i % 5]}_${i}: ${['char', 'integer', 'float', 'decimal', 'date'][i % 5]}(${i % 4 === 0 ? '{ required: true }' : ''}),`).join('\n    ')}
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    '${name}': ${type}
  }
  interface ${type} extends ModelFields<typeof ${value}> {}
}

${value}.compute('amount', ['decimal_3', 'line_ids.decimal_8'], (record) =>
  record.line_ids.reduce((sum, line) => (line.decimal_8 === null ? sum : sum.plus(line.decimal_8)), record.decimal_3 ?? zero),
)

${value}.compute('total', ['amount', 'parent_id.decimal_13', 'neighbour_id.name'], (record) => record.amount ?? zero)

${value}.constrain(['state', 'line_ids'], (record) => record.state !== 'done' || record.line_ids.length > 0 || 'Nothing is done without lines.')

export const action_done = ${value}.action('action_done', { needs: 'write' }, async (records) => {
  const open = await records.read(['name', 'state', 'parent_id.name', 'line_ids.state'])
  if (open.some((record) => record.state === 'draft')) await records.write({ state: 'sent', integer_1: 3 })
  await records.env.model('${neighbour}').search([['state', 'in', ['draft', 'sent']], ['parent_id', '=', 1], '|', ['neighbour_id.name', 'ilike', 'a'], ['active', '=', true]])
  await records.write({ state: 'done' })
})
`
}

const extensionFile = (app: number): string => `import { type FieldsOf, char, extend, integer } from '@erp4/orm'

export const extension = extend('${modelName(app - 1, 0)}', { fields: { x${app}_code: char(), x${app}_count: integer({ compute: 'stored' }) } })

declare module '@erp4/orm/models' {
  interface ${typeName(app - 1, 0)} extends FieldsOf<typeof extension> {}
}

extension.compute('x${app}_count', ['x${app}_code', 'line_ids.state'], (record) => record.line_ids.length)
`

function accessFile(app: number): string {
  const names = Array.from({ length: modelsOfApp(app) }, (_, n) => modelName(app, n))
  const rules = (name: string): string => `  '${name}': [
    guard((me) => [['id', '!=', me.id], ['parent_id.state', '!=', 'cancel']]),
    grant(clerk, ['read'], (me) => ['|', ['parent_id', 'any', [['state', '=', 'done']]], ['neighbour_id.integer_1', '>', me.id]]),
    grant(manager, all),
  ],`
  return `import { type Access, all, grant, group, guard } from '@erp4/orm'

export const clerk = group('app${app}.clerk', { label: 'Clerk' })
export const manager = group('app${app}.manager', { label: 'Manager', implies: [clerk] })

export const access: Access<${names.map((name) => `'${name}'`).join(' | ')}> = {
${names.map(rules).join('\n')}
}
`
}

function indexFile(app: number): string {
  const values = Array.from({ length: modelsOfApp(app) }, (_, n) => modelValue(app, n))
  return `import { app } from '@erp4/orm'
import { access, clerk, manager } from './access.ts'
${values.map((value) => `import { ${value} } from './models/${value}.ts'`).join('\n')}
${app > 0 ? `import { extension } from './models/extension.ts'\nimport { app${app - 1} } from '../app${app - 1}/index.ts'` : ''}

export const app${app} = app({ name: 'app${app}', depends: [${app > 0 ? `app${app - 1}` : ''}], models: [${values.join(', ')}], extensions: [${app > 0 ? 'extension' : ''}], groups: [clerk, manager], access })
`
}
