import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import {
  type Connection,
  Env,
  type FieldInfo,
  type Model,
  callMethod,
  methodNames,
  describeMethod,
  openCall,
  sql,
  UserError,
} from '@erp4/orm'
import { world } from '@erp4/testing'

// A statement's text is ours to the last letter: what a caller sends is a parameter, or no part of it at all.

const at = await world(contacts)
const { user } = await at.person(contactManager)
const [firm] = (
  await at.system.model('res.partner').create({ name: 'Firm', is_company: true, child_ids: [['create', { name: 'Chief' }]] } as never)
).ids as [number]

/** The marker stands in everything that is sent, so that it would stand in a text that took any of it. */
const marker = 'zzinjectedzz'
const injections = [
  `'`,
  `"`,
  `\\`,
  `''`,
  `\\'`,
  `';--`,
  `' or '1'='1`,
  `") or 1=1--`,
  `1;drop table canary`,
  `'; drop table canary; --`,
  `name; select pg_sleep(9)`,
  `(select secret from canary)`,
  `' union select secret from canary--`,
  `$1`,
  `$$x$$`,
  `E'\\x27'`,
  `U&"\\0027"`,
  `/*`,
  `*/`,
  `--`,
  `;`,
  `\u0000'`,
  `ʼ`,
  `＇`,
  `\u02bc or 1=1`,
  `%27`,
  `name asc, (select 1)`,
  `name" desc, "id`,
  `id)::text||(select secret from canary)`,
  `create_date:month'`,
  `name:sum(id)`,
  `x:array_agg((select secret from canary))`,
  `name.id' = any(select 1)`,
  `pg_sleep(9)`,
  `current_user`,
  `::regclass`,
  `\r\n;drop`,
  `{"a":"'"}`,
  `->>'x'`,
  `@>`,
  `similar to`,
  `~`,
  `COLLATE "C"`,
  `tablesample`,
  `en_US' || (select secret from canary) || '`,
  `UTC'; drop table canary; --`,
  `Europe/Berlin' at time zone 'x`,
].map((text) => marker + text)

interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** One call as the contact editor; what PostgreSQL was sent, whether it was refused or not. */
async function statementsOf(
  model: string,
  method: string,
  args: unknown[],
  kwargs: Record<string, unknown>,
): Promise<{ statements: Statement[]; error: unknown; result: unknown }> {
  const statements: Statement[] = []
  let [error, result]: [unknown, unknown] = [undefined, undefined]
  await at.databases
    .transaction(at.database, async (cx) => {
      const watched: Connection = {
        query: (statement, name) => {
          statements.push(statement.compile())
          return cx.query(statement, name)
        },
        send: (statement, name) => {
          statements.push(statement.compile())
          cx.send(statement, name)
        },
        get statements() {
          return cx.statements
        },
      }
      const context = { lang: 'en_US', tz: 'UTC', allowed_company_ids: user.company_ids, active_test: true }
      const env = new Env(
        openCall({ registry: at.registry, cx: watched, languages: ['en_US', 'ko_KR'], source: 'test' }),
        user,
        context,
        false,
      )
      result = await callMethod(env, { model, method, args, kwargs })
      throw new Error('Nothing of this is kept.')
    })
    .catch((caught: unknown) => {
      if ((caught as Error).message !== 'Nothing of this is kept.') error = caught
    })
  return { statements, error, result }
}

const known = new Set<string>()
for (const model of at.registry.models.values()) {
  known.add(model.table)
  for (const field of model.fields.values()) {
    known.add(field.name)
    if (field.column) known.add(field.column)
    if (field.links) for (const name of Object.values(field.links)) known.add(name)
  }
}
// Names that our own statements give to tables, columns and values.
const ours =
  /^(?:[a-z]{1,2}\d{0,3}|meta|audit_in|ir_model_data|seen|given|below|above|top|tree|und-x-icu|up_\w+|o_\w+|pg_catalog|actor|on_behalf|source|model|rec|operation|change|\?column\?)$/
const literals = new Set([
  'false',
  'en_US',
  'ko_KR',
  'UTC',
  'Europe/Berlin',
  'utc',
  'YYYY-MM-DD HH24:MI:SS',
  'YYYY-MM-DD',
  '[',
  ']',
  ',',
  '',
  '{}',
  '[]',
  '/',
  '0',
  '1 hour',
  '1 day',
  '7 days',
  '12 hours',
  '1 month',
  '3 months',
  '1 year',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'year',
  '%',
  '.',
  '-',
  String(user.company_id),
  '1 days',
  'name',
  'x',
  '$.*',
  // what the trail says of the system's rights
  'as_system',
  'reason',
  'count',
])

/** Identifiers of the registry or our own, literals from a short list, parameters numbered as they come, and nothing that a caller wrote. */
function assertOurs({ text, values }: Statement, asked: unknown): void {
  const shown = `${JSON.stringify(asked)?.slice(0, 300)}\n${text.slice(0, 1500)}`
  assert.ok(!text.includes(marker), shown)
  const bare = text
    .replaceAll(/'((?:[^']|'')*)'/g, (_, literal: string) => {
      assert.ok(
        literals.has(literal) || at.registry.models.has(literal) || at.registry.models.get('res.partner')!.fields.has(literal),
        `the literal '${literal}' in ${shown}`,
      )
      return '?'
    })
    .replaceAll(/"([^"]*)"/g, (_, name: string) => {
      assert.ok(known.has(name) || ours.test(name), `the identifier "${name}" in ${shown}`)
      return 'i'
    })
  assert.ok(!/['"\\;]|--|\/\*/.test(bare), `a quote, a comment or a second statement in ${shown}\n${bare}`)
  const numbers = [...bare.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number))
  assert.ok(
    numbers.every((number) => number >= 1 && number <= values.length),
    `a parameter that is not given in ${shown}`,
  )
}

/** A generator of numbers below `n`, the same in every run. */
function seeded(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39)
    return ((mixed ^ (mixed >>> 16)) >>> 0) % n
  }
}

class Fuzz {
  readonly #next: (n: number) => number
  constructor(seed: number) {
    this.#next = seeded(seed)
  }
  chance = (percent: number): boolean => this.#next(100) < percent
  one = <T>(list: readonly T[]): T => list[this.#next(list.length)]!
  text = (): string => this.one(injections)
  field = (model: Model): FieldInfo => this.one([...model.fields.values()])
  name = (model: Model): string =>
    this.chance(4)
      ? this.text()
      : this.chance(8)
        ? `${this.field(model).name}.${this.chance(50) ? 'name' : this.text()}`
        : this.field(model).name
  value = (): unknown =>
    this.one([
      this.text(),
      this.text(),
      1,
      -1,
      1.5,
      2 ** 40,
      true,
      false,
      null,
      [this.text()],
      [1, this.text(), false],
      [],
      { [this.text()]: this.text() },
      '2026-01-31',
      '2026-01-31 10:00:00',
      'today -1d',
      `today ${this.text()}`,
    ])
  /** A value that the field could have; a text, where it can be one, is an injection all the same. */
  fit = ({ kind, comodel }: FieldInfo): unknown => {
    if (comodel || kind === 'integer') return this.one([1, [1, 2], false, ...(comodel ? [this.text()] : [])])
    if (kind === 'boolean') return this.chance(50)
    if (kind === 'date' || kind === 'datetime') return this.one(['2026-01-31', 'today -1d', false])
    if (kind === 'float' || kind === 'decimal' || kind === 'monetary') return this.one([1.5, 0, false])
    return this.one([this.text(), [this.text(), this.text()], false])
  }
  operator = (): unknown =>
    this.one([
      '=',
      '!=',
      '<',
      '>=',
      'in',
      'not in',
      'like',
      'ilike',
      'not ilike',
      '=like',
      '=ilike',
      '=?',
      'child_of',
      'parent_of',
      'any',
      'not any',
      '==',
      '<>',
      this.text(),
      1,
      null,
      'constructor',
      '__proto__',
      'toString',
    ])
  term = (model: Model, depth: number): unknown => {
    const field = this.field(model)
    const comodel = at.registry.models.get(field.comodel ?? '')
    if (comodel && depth > 0 && this.chance(50)) return [field.name, this.one(['any', 'not any']), this.domain(comodel, depth - 1)]
    const part =
      (field.kind === 'date' || field.kind === 'datetime') && this.chance(50)
        ? `.${this.one(['year_number', 'month_number', 'iso_week_number', this.text()])}`
        : ''
    if (this.chance(2)) return this.value()
    const isHonest = this.chance(85)
    return [
      this.chance(5) ? this.name(model) : field.name + (isHonest ? '' : part),
      isHonest ? this.one(['=', '!=', 'in', 'not in']) : this.operator(),
      isHonest ? this.fit(field) : this.value(),
    ]
  }
  domain = (model: Model, depth = 2): unknown[] =>
    Array.from({ length: this.#next(3) + 1 }, () =>
      this.chance(20)
        ? ['!', this.term(model, depth)]
        : this.chance(30)
          ? ['|', this.term(model, depth), this.term(model, depth)]
          : [this.term(model, depth)],
    ).flat()
  order = (model: Model): string =>
    Array.from(
      { length: this.#next(3) + 1 },
      () => `${this.name(model)}${this.one(['', ' desc', ' asc nulls last', ` ${this.text()}`])}`,
    ).join(', ')
  key = (model: Model): string =>
    `${this.name(model)}${this.one(['', '', ':month', ':week', ':day', ':hour', ':year_number', `:${this.text()}`])}`
  aggregate = (model: Model): string =>
    this.one([
      '__count',
      `${this.name(model)}:${this.one(['sum', 'avg', 'min', 'max', 'count', 'count_distinct', 'array_agg', 'bool_or', 'recordset', this.text()])}`,
      `x:${this.one(['sum', this.text()])}(${this.name(model)})`,
    ])
  specification = (model: Model, depth = 2): Record<string, unknown> =>
    Object.fromEntries(
      Array.from({ length: 3 }, () => {
        const field = this.field(model)
        const comodel = at.registry.models.get(field.comodel ?? '')
        return [
          this.chance(5) ? this.text() : field.name,
          comodel && depth > 0
            ? {
                fields: this.specification(comodel, depth - 1),
                order: this.chance(50) ? this.order(comodel) : '',
                limit: this.one([1, this.value()]),
                context: { [this.text()]: 1 },
              }
            : {},
        ]
      }),
    )
  context = (): Record<string, unknown> => ({
    lang: this.chance(3) ? this.text() : this.one(['en_US', 'ko_KR']),
    tz: this.one(['UTC', 'Europe/Berlin', this.text()]),
    [this.text()]: this.text(),
    active_test: this.chance(50),
    allowed_company_ids: this.chance(3) ? [this.text()] : this.one([[user.company_id], this.text()]),
    ...(this.chance(10) ? { default_name: this.text() } : {}),
  })
}

test('any condition, order, group and aggregate compiles to identifiers of ours and parameters', async () => {
  const models = [
    'res.partner',
    'res.users',
    'res.company',
    'res.currency.rate',
    'ir.attachment',
    'res.country.state',
    'res.partner.category',
  ].map((name) => at.registry.models.get(name)!)
  const fuzz = new Fuzz(20261122)
  let [ran, refused, texts] = [0, 0, 0]
  for (let i = 0; i < 1500; i++) {
    const model = fuzz.one(models)
    const context = fuzz.context()
    const limit = fuzz.one([5, 5, null, fuzz.value()])
    const [method, args, kwargs] = fuzz.one<() => [string, unknown[], Record<string, unknown>]>([
      () => ['search', [fuzz.domain(model)], { order: fuzz.chance(50) ? fuzz.order(model) : null, limit }],
      () => ['search_count', [fuzz.domain(model)], {}],
      () => ['search_read', [fuzz.domain(model), [fuzz.name(model), 'id']], { order: fuzz.order(model), limit: 5 }],
      () => ['web_search_read', [fuzz.domain(model), fuzz.specification(model)], { limit: 5 }],
      () => ['name_search', [fuzz.text(), fuzz.domain(model, 1), fuzz.one(['ilike', '=', fuzz.text()])], { limit: 5 }],
      () => [
        'formatted_read_group',
        [fuzz.domain(model, 1), [fuzz.key(model)], [fuzz.aggregate(model)]],
        {
          having: fuzz.chance(30) ? [[fuzz.aggregate(model), fuzz.one(['>', '=', 'in', fuzz.text()]), fuzz.value()]] : [],
          order: fuzz.chance(30) ? fuzz.order(model) : null,
        },
      ],
      () => [
        'read_group',
        [fuzz.domain(model, 1), [fuzz.aggregate(model)], [fuzz.key(model)]],
        { orderby: fuzz.chance(30) ? fuzz.order(model) : false },
      ],
      () => ['web_read_group', [fuzz.domain(model, 1), [fuzz.key(model)], [fuzz.aggregate(model)]], {}],
    ])()
    const { statements, error } = await statementsOf(model.name, method, args, { ...kwargs, context })
    const asked = [model.name, method, args, kwargs, context]
    for (const statement of statements) assertOurs(statement, asked)
    // Names are refused where they are read, not by the last fence before the text.
    if (error !== undefined)
      assert.ok(error instanceof UserError || 'code' in (error as object), `${String(error)} for ${JSON.stringify([method, args])}`)
    const { code } = (error ?? {}) as { code?: string }
    // What PostgreSQL may refuse is a value, never a text.
    assert.ok(code === undefined || !/^42|^0A/.test(code), `${code} ${(error as Error)?.message} for ${JSON.stringify(asked)}`)
    texts += statements.length
    if (error) refused++
    else ran++
  }
  assert.ok(ran > 150 && texts > 200, `${ran} ran, ${refused} were refused, ${texts} statements`)
})

test('writes compile to identifiers of ours and parameters', async () => {
  const fuzz = new Fuzz(7)
  const model = at.registry.models.get('res.partner')!
  let ran = 0
  for (let i = 0; i < 400; i++) {
    const values = Object.fromEntries(
      Array.from({ length: 3 }, () => [fuzz.chance(5) ? fuzz.text() : fuzz.field(model).name, fuzz.one([fuzz.value(), fuzz.text()])]),
    )
    const given = {
      ...values,
      name: fuzz.text(),
      ...(fuzz.chance(30) ? { child_ids: [[0, fuzz.text(), { name: fuzz.text(), [fuzz.field(model).name]: fuzz.text() }]] } : {}),
    }
    const [method, args] = fuzz.one<[string, unknown[]]>([
      ['create', [given]],
      ['write', [[firm], given]],
      ['create', [{ name: fuzz.text(), comment: fuzz.text(), city: fuzz.text() }]],
      ['write', [[firm], { name: fuzz.text(), barcode: fuzz.text(), website: fuzz.text() }]],
      ['load', [['name', 'parent_id', 'category_id', fuzz.name(model)], [[fuzz.text(), fuzz.text(), fuzz.text(), fuzz.text()]]]],
      ['export_data', [[firm], [fuzz.name(model), `parent_id/${fuzz.name(model)}`]]],
      ['copy', [[firm], { name: fuzz.text() }]],
      ['name_create', [fuzz.text()]],
    ])
    const { statements, error } = await statementsOf('res.partner', method, args, { context: { lang: fuzz.one(['en_US', 'ko_KR']) } })
    for (const statement of statements) assertOurs(statement, [method, args])
    // Names are refused where they are read, not by the last fence before the text.
    if (error !== undefined)
      assert.ok(error instanceof UserError || 'code' in (error as object), `${String(error)} for ${JSON.stringify([method, args])}`)
    const { code } = (error ?? {}) as { code?: string }
    assert.ok(code === undefined || !/^42|^0A/.test(code), `${code} ${(error as Error)?.message} for ${JSON.stringify([method, args])}`)
    if (!error) ran++
  }
  assert.ok(ran > 50, `${ran} ran`)
})

test('a table beside ours survives every injection through every text of every method, and is never read', async () => {
  const secret = 'canary-secret-4711'
  // Where the runtime role could reach it: a record like any other, hidden by rules alone.
  await at.system.model('ir.config_parameter').create({ key: 'canary', value: secret })
  const canary = injections.map((text) =>
    text.replaceAll('secret from canary', 'value from ir_config_parameter').replaceAll('table canary', 'table ir_config_parameter'),
  )
  const before = await at.databases.use(at.database, (cx) =>
    cx.query(
      sql`select (select count(*) from res_partner) as partners, (select count(*) from ir_config_parameter) as parameters, (select count(*) from res_users) as users`,
    ),
  )
  const model = at.registry.models.get('res.partner')!
  for (const name of methodNames(model)) {
    const info = describeMethod(at.registry, model.name, name)!
    for (const text of canary) {
      const shapes: unknown[] = [
        text,
        [text],
        [[text, '=', text]],
        [['name', text, 1]],
        [['name', '=', text]],
        { [text]: {} },
        { name: text },
      ]
      for (const [i, shape] of shapes.entries()) {
        const param = info.params[i % Math.max(info.params.length, 1)]
        const base = Object.fromEntries(
          info.params
            .filter(({ required }) => required)
            .map((one) => [
              one.name,
              one.name === 'specification' || one.name === 'vals' || one.name === 'values' || one.name === 'fields_spec' ? {} : [],
            ]),
        )
        const { statements, error, result } = await statementsOf(model.name, name, info.kind === 'record' ? [[]] : [], {
          ...base,
          ...(param ? { [param.name]: shape } : {}),
        })
        for (const statement of statements) assertOurs(statement, [name, param?.name, shape])
        const told = JSON.stringify([result, (error as Error)?.message, (result as { text?: string })?.text])
        assert.ok(!told.includes(secret), `${name} ${JSON.stringify(shape)} told ${told.slice(0, 300)}`)
      }
    }
  }
  assert.deepEqual(
    await at.databases.use(at.database, (cx) =>
      cx.query(
        sql`select (select count(*) from res_partner) as partners, (select count(*) from ir_config_parameter) as parameters, (select count(*) from res_users) as users`,
      ),
    ),
    before,
  )
})

test('a second statement in one text is refused by the protocol itself', async () => {
  const two = sql`select 1; select 2`
  await assert.rejects(
    at.databases.use(at.database, (cx) => cx.query(two)),
    { code: '42601' },
  )
})
