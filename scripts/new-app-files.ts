/** The files of a new app, by path. They are an example to change: small, whole, and true. */
export function appFiles(name: string): Record<string, string> {
  const label = titled(name)
  const item = `${name}_item`
  const Item = `${pascal(name)}Item`
  return {
    'package.json': `{
  "name": "@erp4/${name}",
  "version": "0.1.0",
  "private": true,
  "type": "module",
  "exports": { ".": "./index.ts" },
  "dependencies": { "@erp4/orm": "*", "@erp4/base": "*" }
}
`,
    'index.ts': `import { base } from '@erp4/base'
import { app } from '@erp4/orm'
import { access, clerk } from './access.ts'
import { ${item} } from './models/${item}.ts'
import { menus, views } from './views.ts'

export * from './access.ts'
export * from './models/${item}.ts'

export const ${name} = app({ name: '${name}', label: '${label}', depends: [base], models: [${item}], groups: [clerk], access, views, menus })
`,
    'access.ts': `import { employee } from '@erp4/base'
import { type Access, all, grant, group, guard } from '@erp4/orm'

export const clerk = group('${name}.clerk', { label: '${label}: clerk', help: 'Keeps the list.', implies: [employee] })

export const access: Access<'${name}.item'> = {
  '${name}.item': [
    // Limits everyone, whatever else he is granted.
    guard((me) => [['company_id', 'in', me.company_ids]]),
    grant(employee, ['read']),
    grant(clerk, all),
  ],
}
`,
    [`models/${item}.ts`]: `import { type ModelFields, boolean, char, date, many2one, model } from '@erp4/orm'

export const ${item} = model('${name}.item', {
  label: '${label} Item',
  order: 'name, id',
  fields: {
    name: char({ required: true }),
    active: boolean({ default: true }),
    partner_id: many2one('res.partner', { label: 'Contact' }),
    due_date: date(),
    company_id: many2one('res.company', { required: true, default: (env) => env.me.company_id }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    '${name}.item': ${Item}
  }
  interface ${Item} extends ModelFields<typeof ${item}> {}
}

${item}.constrain(
  ['partner_id', 'due_date'],
  (item) => item.partner_id === null || item.due_date !== null || 'An item that somebody has needs a due date.',
)

export const action_return = ${item}.action('action_return', { needs: 'write' }, async (items) => {
  await items.write({ partner_id: null, due_date: null })
})
`,
    [`models/${item}.test.ts`]: `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { employee } from '@erp4/base'
import { AccessError, ValidationError, day } from '@erp4/orm'
import { action_return, clerk, ${name} } from '@erp4/${name}'
import { conforms, world } from '@erp4/testing'

conforms(${name})

test('a clerk gives an item away and takes it back', async () => {
  const { person } = await world(${name})
  const ann = await person(clerk)
  const item = await ann.model('${name}.item').create({ name: 'Drill', partner_id: ann.user.partner_id, due_date: day('2027-01-31') })
  await action_return(item)
  const [drill] = await item.read(['partner_id', 'due_date'])
  assert.deepEqual([drill?.partner_id, drill?.due_date], [null, null])
})

test('nobody has an item without a due date', async () => {
  const { person } = await world(${name})
  const ann = await person(clerk)
  const items = ann.model('${name}.item')
  await assert.rejects(items.create({ name: 'Drill', partner_id: ann.user.partner_id }), ValidationError)
  assert.equal(await items.count([]), 0)
})

test('an employee who is not a clerk only looks', async () => {
  const { person } = await world(${name})
  const [ann, bob] = [await person(clerk), await person(employee)]
  const item = await ann.model('${name}.item').create({ name: 'Drill' })
  const seen = bob.model('${name}.item').browse(item.ids)
  assert.deepEqual((await seen.read(['name'])).map(({ name }) => name), ['Drill'])
  await assert.rejects(seen.write({ name: 'Mine' }), AccessError)
  assert.deepEqual((await item.read(['name'])).map(({ name }) => name), ['Drill'])
})

test('an item of another company is not there', async () => {
  const { person, personOf, company } = await world(${name})
  const ann = await person(clerk)
  const bob = await personOf([await company('Azure')], clerk)
  const item = await ann.model('${name}.item').create({ name: 'Drill' })
  assert.deepEqual(await bob.model('${name}.item').browse(item.ids).read(['name']), [])
})
`,
    'views.ts': `import { form, list, menu, search } from '@erp4/orm'
import { action_return } from './models/${item}.ts'

export const views = [
  list('${name}.item', ['name', 'partner_id', 'due_date']),
  form('${name}.item', (v) => [
    v.header(v.button(action_return, 'Return', [['partner_id', '!=', null]])),
    v.columns(['name', 'active'], ['partner_id', 'due_date', 'company_id']),
  ]),
  search('${name}.item', ['name', 'partner_id'], (v) => [v.groupBy('Contact', 'partner_id')]),
]

export const menus = [menu('${label}', '${name}.item')]
`,
    'README.md': `# ${label}

What \`apps/${name}\` is for, in two sentences: who uses it, and what goes wrong without it.

It promises:

- an item that somebody has, has a due date;
- clerks keep the list, other employees read it, and nobody sees another company's.

First file to read: \`apps/${name}/models/${item}.ts\`. Its tests: \`./erp4 test ${name}\`.
`,
  }
}

const words = (name: string): string[] => name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
const titled = (name: string): string => words(name).join(' ')
const pascal = (name: string): string => words(name).join('')
