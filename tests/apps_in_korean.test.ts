import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { account } from '@erp4/account'
import { mail } from '@erp4/mail'
import { product } from '@erp4/product'
import { portal } from '@erp4/portal'
import { sale } from '@erp4/sale'
import { type App, assemble } from '@erp4/orm'

const folder = join(import.meta.dirname, '..', 'apps')

/** Every text with which an app is seen: of its models, groups, views and menus. */
function declared(app: App): string[] {
  const registry = assemble([app])
  const mine = new Set(app.models.map(({ name }) => name as string))
  const models = [...registry.models.values()]
  const fields = models.flatMap((model) =>
    [...model.fields.values()].filter((field) => field.app === app.name && !field.magic && field.name !== 'id'),
  )
  return [
    app.label,
    ...models
      .filter(({ name }) => mine.has(name))
      .flatMap(({ label, unique }) => [label, ...unique.flatMap(({ message }) => message ?? [])]),
    ...fields.flatMap((field) => [field.label, field.options.help ?? [], Object.values(field.choices ?? {})].flat()),
    ...app.groups.flatMap(({ label, help }) => [label, help]),
    ...Object.values(app.access).flatMap((rules) => (rules ?? []).flatMap(({ says }) => says ?? [])),
    ...app.views.flatMap(({ nodes }) => labels(nodes)),
    ...app.steps.flatMap(({ label, hint }) => [label, hint]),
    ...app.menus.flatMap(({ label, parent = '' }) => [label, ...parent.split('/')]),
  ].filter((text) => text !== '')
}

/** Labels, placeholders and questions, however deep. */
function labels(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(labels)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    ['label', 'placeholder', 'confirm'].includes(key) && typeof inner === 'string' ? [inner] : labels(inner),
  )
}

/** What its code says to people: texts given to t(), and the sentences that constraints and actions answer with. */
function said(app: App): string[] {
  const files = readdirSync(join(folder, app.name), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !/^(i18n|data|examples|totals)/.test(path),
  )
  return files.flatMap((path) => {
    const code = readFileSync(join(folder, app.name, path), 'utf8')
    const given = [...code.matchAll(/\bt\(\s*(?<quote>['"])(?<text>(?:(?!\k<quote>).)+)\k<quote>/g)]
    const sentences = [...code.matchAll(/(?<quote>['"])(?<text>[A-Z{](?:(?!\k<quote>)[^\n`])* (?:(?!\k<quote>)[^\n`])*\.)\k<quote>/g)]
    return [...given, ...sentences].map(({ groups }) => groups!['text']!)
  })
}

for (const app of [mail, product, account, portal, sale]) {
  test(`everything that ${app.name} shows and says is there in Korean, with the same names in it`, () => {
    const known = assemble([app]).i18n.get('ko_KR')!
    const texts = [...new Set([...declared(app), ...said(app)])]
    assert.deepEqual(
      texts.filter((text) => !known.has(text)),
      [],
    )
    const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
    for (const [english, korean] of Object.entries(app.i18n['ko_KR'] ?? {})) assert.deepEqual(names(korean), names(english), english)
    const unused = Object.keys(app.i18n['ko_KR'] ?? {}).filter((english) => !texts.includes(english))
    assert.deepEqual(unused, [], 'nobody says this any more')
  })
}
