import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, contactManager, employee, portal, userManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { type FieldInfo, type Model, type User, describeMethod, methodNames, sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { type Caller, type Outcome, openSite } from './site.ts'

// Everything here is asked over the network, as a client would; whatever is refused must have changed nothing.

const at = await world(contacts)
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const users: Record<string, User> = {
  employee: (await at.person(employee)).user,
  editor: (await at.person(contactManager)).user,
  portal: (await at.person(portal)).user,
  'user manager': (await at.person(userManager)).user,
  administrator: (await at.person(administrator)).user,
  'other company': (await at.personOf([elsewhere], contactManager)).user,
}
const people = {} as Record<'employee' | 'editor' | 'portal' | 'user manager' | 'administrator' | 'other company', Caller>
for (const [name, { id }] of Object.entries(users)) people[name as keyof typeof people] = watched(await site.caller(0, id))

/** Errors that tell how we are made. The last thing tested: nobody was told any of it, whatever he sent. */
const loose: string[] = []
const made =
  /\b(?:select|insert into|update|delete from|where|pg_|relation|column|syntax error at|postgres)\b[^.]*\b(?:from|set|exists|does not|near|violates)\b|node_modules|\/packages\/|\.ts:\d|\bat \w+ \(|res_partner|res_users|stack/i

function watched(caller: Caller): Caller {
  return {
    ...caller,
    call: async (...asked) => {
      const outcome = await caller.call(...asked)
      if (outcome.error) {
        const { name, message, debug } = outcome.error
        const shown = JSON.stringify(asked).slice(0, 300)
        if (name === 'builtins.Exception') loose.push(`internal error: ${shown}`)
        else if (debug !== '' || made.test(message.replaceAll(/'[^']*'|"[^"]*"|\[.*\]/g, ''))) loose.push(`${message} <- ${shown}`)
      }
      return outcome
    },
  }
}

const isRefused = ({ error, result }: Outcome): boolean => error !== undefined && result === undefined
const asSystem = <T>(work: Parameters<typeof at.system.call<T>>[0]): Promise<T> => at.system.call(work)

/** Rows of a table as they are, for comparing before and after. */
const rows = (table: 'users' | 'partners' | 'groups' | 'companies' | 'keys' | 'names'): Promise<unknown[]> =>
  at.databases.use(at.database, (cx) =>
    cx.query(
      {
        users: sql`select id, login, password, active, partner_id, company_id, sec_version, array(select right_id from res_users_group_ids_rel where left_id = u.id order by 1) as groups, array(select right_id from res_users_company_ids_rel where left_id = u.id order by 1) as companies from res_users u order by id`,
        partners: sql`select id, name, email, active, parent_id, company_id, create_uid from res_partner order by id`,
        groups: sql`select id, key, array(select right_id from res_groups_implied_ids_rel where left_id = g.id order by 1) as implied from res_groups g order by id`,
        companies: sql`select id, name from res_company order by id`,
        keys: sql`select id, user_id, key_index, secret_hash, expiration_date from res_users_apikeys order by id`,
        names: sql`select id, module, name, model, res_id from ir_model_data order by id`,
      }[table],
    ),
  )

// ---- Methods -------------------------------------------------------------------------------------------

const ofJavaScript = [Object.prototype, Function.prototype, Array.prototype, Promise.prototype, Map.prototype].flatMap((one) =>
  Object.getOwnPropertyNames(one),
)
const ofTheOrm = [
  'env',
  'model',
  'ids',
  'browse',
  'find',
  'count',
  'group',
  'lock',
  'custom',
  'dispatch',
  'asSystem',
  'withContext',
  'modelOf',
  'isIn',
  'call',
  'cx',
  'query',
  'use',
  'transaction',
  'evict',
  'close',
  'registry',
  'constrain',
  'compute',
  'inverse',
  'prepare',
  'changed',
  'searchBy',
  'action',
  'hook',
  'override',
  'finishCall',
  'run',
  'describeMethod',
  'callMethod',
]
const ofOdoo = [
  'sudo',
  'with_user',
  'with_env',
  'with_context',
  'with_company',
  '_write',
  '_create',
  '_read',
  '_search',
  '__init__',
  '__class__',
  '__dict__',
  'env',
  'cr',
  'init',
  '_auto_init',
  '_register_hook',
  'flush_model',
  'invalidate_model',
  'exists',
  'mapped',
  'filtered',
  'filtered_domain',
  'sorted',
  'update',
  'fetch',
  'search_fetch',
  'check_access',
  '_check_credentials',
  '_compute_session_token',
  '_execute',
  'execute',
  'execute_kw',
  'message_post',
  'get_views',
  'button_immediate_install',
  'run',
  'method_direct_trigger',
  '_set_password',
  'change_password',
  '_generate',
  'unlink\u0000',
  'read ',
  ' read',
  'READ',
  'read\n',
  '',
  '.',
  '../read',
  'read;',
  'a'.repeat(5000),
]

test('only declared methods answer, whatever the name and whoever asks', async () => {
  let asked = 0
  for (const model of at.registry.models.values()) {
    const declared = new Set(methodNames(model))
    const hooks = [...model.methods.keys()].filter((name) => !model.actions.has(name))
    const wide = model.name === 'res.users' || model.name === 'res.partner'
    const everywhere = wide
      ? [...ofJavaScript, ...ofTheOrm, ...ofOdoo]
      : ['constructor', 'toString', 'dispatch', 'asSystem', 'sudo', '_write']
    const names = [...new Set([...everywhere, ...hooks, ...model.fields.keys()])].filter(
      (name) => !declared.has(name) && name !== '__proto__',
    )
    const callers = wide ? [people.administrator, people.portal] : [people.administrator]
    for (const caller of callers) {
      const outcomes = await inBatches(names, (name) => caller.call(model.name, name, [[1]]))
      for (const [i, outcome] of outcomes.entries()) {
        asked++
        assert.ok(isRefused(outcome), `${model.name}.${names[i]} answered ${outcome.text.slice(0, 200)}`)
        assert.match(
          outcome.error!.name,
          /^(builtins\.AttributeError|odoo\.exceptions\.AccessError)$/,
          `${model.name}.${names[i]}: ${outcome.text.slice(0, 200)}`,
        )
      }
    }
    for (const name of names) assert.equal(describeMethod(at.registry, model.name, name), undefined)
  }
  assert.ok(asked > 1000, `${asked} asked`)
})

test('a stranger is told the same of every model and method, declared or not', async () => {
  const post = (model: string, method: string, headers = {}) =>
    site.send('/web/dataset/call_kw', { method: 'POST', headers, body: { id: 1, params: { model, method, args: [[]], kwargs: {} } } })
  const first = await post('res.partner', 'search')
  assert.match(first.text, /SessionExpiredException/)
  for (const model of ['res.partner', 'res.users', 'no.such.model', '__proto__', 'constructor', ''])
    for (const method of ['search', 'no_such_method', 'constructor', '_write', 'context_get']) {
      assert.equal((await post(model, method)).text, first.text)
      assert.equal((await post(model, method, { cookie: `session_id=${'x'.repeat(84)}` })).text, first.text)
    }
  const bare = (model: string, method: string, authorization?: string) =>
    site.send(`/json/2/${model}/${method}`, { method: 'POST', headers: authorization ? { authorization } : {}, body: {} })
  for (const authorization of [undefined, 'bearer ', `bearer ${'0'.repeat(40)}`, 'Basic YWRtaW46YWRtaW4=', 'bearer null']) {
    const one = await bare('res.partner', 'search', authorization)
    assert.equal(one.status, 401)
    for (const [model, method] of [
      ['res.users', 'nothing'],
      ['no.model', 'read'],
      ['__proto__', 'x'],
    ])
      assert.equal((await bare(model!, method!, authorization)).text, one.text)
  }
})

test('no protocol lets a stranger, or a wrong password, do anything', async () => {
  const before = await rows('partners')
  for (const [uid, secret] of [
    [users['administrator']!.id, ''],
    [users['administrator']!.id, false],
    [users['administrator']!.id, null],
    [0, ''],
    [-1, 'x'],
    [1, ''],
    ['1 or 1=1', 'x'],
    [[1], 'x'],
    [users['administrator']!.id, { a: 1 }],
    [users['administrator']!.id, await people.portal.key()],
    [2 ** 40, 'x'],
  ]) {
    const { text } = await site.send('/jsonrpc', {
      method: 'POST',
      body: {
        id: 1,
        params: {
          service: 'object',
          method: 'execute_kw',
          args: [site.records[0]!.name, uid, secret, 'res.partner', 'create', [{ name: 'Ghost' }]],
        },
      },
    })
    assert.match(text, /odoo\.exceptions\.AccessDenied/, text)
  }
  assert.deepEqual(await rows('partners'), before)
})

async function inBatches<T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let i = 0; i < list.length; i += 16) done.push(...(await Promise.all(list.slice(i, i + 16).map(work))))
  return done
}

// ---- Fields --------------------------------------------------------------------------------------------

const marker = 'c0ffee5ec2e7'.repeat(3)

/** Every record of a model has the marker in this field; over the database, as no path of ours would write it. */
async function plant(field: FieldInfo): Promise<void> {
  if (field.column === null || !['char', 'text', 'html'].includes(field.kind) || field.options.unique) return
  await asSystem(async (sys) => {
    const { ids } = await sys
      .withContext({ active_test: false })
      .model(field.model.name as never)
      .search([])
    if (field.model.name === 'res.users') return
    await sys
      .model(field.model.name as never)
      .browse(ids)
      .write({ [field.name]: marker } as never)
  })
}

const isProtectedFor = (user: User, field: FieldInfo): boolean => {
  const rules = field.model.rules.filter(
    (rule) => rule.kind === 'protect' && rule.operations.includes('read') && (rule.fields as readonly string[]).includes(field.name),
  )
  return rules.length > 0 && !rules.some((rule) => user.groups.has(rule.group!.name))
}

/** Every way to ask about a field, and every way to have it answered. */
function waysToRead(
  model: Model,
  name: string,
  ids: readonly number[],
): readonly (readonly [string, string, unknown[], Record<string, unknown>?])[] {
  const m = model.name
  return [
    [m, 'read', [ids, [name]]],
    [m, 'read', [ids, ['id', name], false]],
    [m, 'search_read', [[], [name]]],
    [m, 'web_read', [ids, { [name]: {} }]],
    [m, 'web_search_read', [[], { [name]: {} }]],
    [m, 'search', [[[name, '!=', false]]]],
    [m, 'search', [[[name, '=', marker]]]],
    [m, 'search', [[[name, '=like', 'c%']]]],
    [m, 'search_count', [[[name, 'in', [marker, false]]]]],
    [m, 'search', [['!', [name, '=', false]]]],
    [m, 'search', [[], 0, 5, name]],
    [m, 'search', [[], 0, 5, `id, ${name} desc`]],
    [m, 'search_read', [[[name, 'ilike', 'c0ffee']], ['id']]],
    [m, 'name_search', ['', [[name, '!=', false]]]],
    [m, 'read_group', [[], [name], [name]]],
    [m, 'read_group', [[], [`x:max(${name})`], []]],
    [m, 'read_group', [[[name, '!=', false]], [], []]],
    [m, 'formatted_read_group', [[], [name], []]],
    [m, 'formatted_read_group', [[], [], [`${name}:max`]]],
    [m, 'formatted_read_group', [[], [], [`${name}:array_agg`]]],
    [m, 'formatted_read_group', [[], [], [`${name}:count_distinct`]]],
    [m, 'formatted_read_group', [[], [], [`${name}:count`], [[`${name}:count`, '>', 0]]]],
    [m, 'web_read_group', [[], [name], [`${name}:min`]]],
    [m, 'export_data', [ids, [name]]],
    [m, 'export_data', [ids, ['id', `create_uid/${name}`]]],
    [m, 'default_get', [[name]]],
    [m, 'fields_get', [[name], ['type', 'string']]],
    [m, 'onchange', [[], {}, [name], { [name]: {} }]],
    [m, 'search', [[[`${name}.x`, '=', 1]]]],
    [m, 'search', [[['create_uid', 'any', [[name, '!=', false]]]]]],
  ]
}

test('a secret or protected value is never answered, and asking for it is asking for an unknown field', async () => {
  await asSystem(async (sys) => {
    await sys.model('ir.attachment').create({
      name: 'secret.txt',
      res_model: 'res.partner',
      res_id: users['portal']!.partner_id,
      company_id: null,
      access_token: marker,
    })
  })
  let asked = 0
  for (const model of at.registry.models.values()) {
    for (const field of model.fields.values()) {
      const hidden = Object.entries(people).filter(([name]) => isProtectedFor(users[name]!, field))
      if (!field.options.secret && hidden.length === 0) continue
      await plant(field)
      const planted = field.model.name === 'res.users' ? /pbkdf2/ : new RegExp(marker)
      for (const [person, caller] of field.options.secret ? Object.entries(people) : hidden) {
        const { result: ids = [] } = await caller.call(model.name, 'search', [[]])
        for (const [onModel, method, args, kwargs] of waysToRead(model, field.name, ids)) {
          const outcome = await caller.call(onModel, method, args, kwargs)
          const unknown = await caller.call(
            onModel,
            method,
            JSON.parse(
              JSON.stringify(args)
                .replaceAll(`"${field.name}`, '"zz_unknown')
                .replaceAll(`,${field.name}`, ',zz_unknown')
                .replaceAll(`/${field.name}`, '/zz_unknown')
                .replaceAll(`(${field.name}`, '(zz_unknown')
                .replaceAll(`, ${field.name}`, ', zz_unknown'),
            ),
            kwargs,
          )
          const at = `${person}: ${onModel}.${method} ${JSON.stringify(args)}`
          asked++
          assert.ok(!planted.test(JSON.stringify(outcome.result) ?? ''), `${at} -> ${outcome.text.slice(0, 300)}`)
          const asUnknown = outcome.text.replaceAll(field.name, 'zz_unknown')
          // Of a secret field it may be known that it is there, and it reads as empty.
          const readsEmpty =
            field.options.secret &&
            ['read', 'search_read', 'web_read', 'web_search_read', 'default_get', 'fields_get', 'onchange'].includes(method)
          if (!readsEmpty) assert.equal(asUnknown, unknown.text, at)
          else if (method.endsWith('read') && Array.isArray(outcome.result))
            for (const row of outcome.result) assert.equal(row[field.name], '', at)
        }
      }
    }
  }
  assert.ok(asked > 500, `${asked} asked`)
})

test('a related field is as closed as what it shows', () => {
  for (const model of at.registry.models.values()) {
    for (const field of model.fields.values()) {
      if (!field.related) continue
      let step: Model | undefined = model
      for (const name of field.related) {
        const hop: FieldInfo = step!.fields.get(name)!
        assert.ok(!hop.options.secret, `${model.name}.${field.name} shows a secret`)
        for (const [person, user] of Object.entries(users))
          if (isProtectedFor(user, hop))
            assert.ok(isProtectedFor(user, field), `${person} reads ${hop.model.name}.${hop.name} through ${model.name}.${field.name}`)
        step = at.registry.models.get(hop.comodel ?? '')
      }
    }
  }
})
