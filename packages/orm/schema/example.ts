import { all, grant, group } from '../access.ts'
import { type App, app } from '../app.ts'
import * as fields from '../fields.ts'
import { model } from '../model.ts'
import { assemble, type Registry } from '../registry.ts'

// Models for the tests of this folder, made of plain data: they are in nobody's `Models`, so the compiler cannot know them.

type Make = (...given: any[]) => fields.AnyField
export const {
  binary,
  boolean,
  char,
  date,
  datetime,
  decimal,
  float,
  html,
  integer,
  json,
  many2many,
  many2one,
  one2many,
  selection,
  text,
} = fields as unknown as Record<keyof typeof fields, Make>

export interface Example {
  label?: string
  order?: string
  unique?: unknown[]
  fields: Record<string, unknown>
}

/** The registry of one app `test` with these models. */
export function declare(models: Record<string, Example>, manifest: Partial<App> = {}): Registry {
  const clerk = group('test.clerk', { label: 'Clerk' })
  const access = Object.fromEntries(Object.keys(models).map((name) => [name, [grant(clerk, all)]]))
  const definitions = Object.entries(models).map(([name, spec]) => (model as any)(name, spec))
  return assemble([(app as any)({ name: 'test', models: definitions, groups: [clerk], access, ...manifest })])
}

export const company: Example = { label: 'Company', fields: { name: char({ required: true }) } }

export const personFields = {
  name: char({ required: true, index: 'trigram' }),
  login: char({ label: 'Login' }),
  company_id: many2one('test.company'),
  active: boolean({ default: true }),
}

/** Companies and people; `more` are further fields of a person. */
export function people(more: Record<string, unknown> = {}, spec: Partial<Example> = {}, manifest: Partial<App> = {}): Registry {
  const unique = [{ fields: ['login'], fold: true, message: 'Another person has this login already.' }]
  const person: Example = { label: 'Person', order: 'name, id desc', unique, fields: { ...personFields, ...more }, ...spec }
  return declare({ 'test.company': company, 'test.person': person }, manifest)
}
