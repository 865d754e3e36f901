import assert from 'node:assert/strict'
import { keepContacts, keepOut } from './story.ts'
import { type Call, type Caller, type People, signIn } from './wire.ts'

/** A person who has just signed in describes a key and is shown it, once. */
export async function makeKey(who: Caller, name: string): Promise<string> {
  const { call } = await signIn(who)
  const description = await call('res.users.apikeys.description', 'create', [{ name, duration: '30' }])
  return keyIn(await call('res.users.apikeys.description', 'make_key', [[description]]))
}

function keyIn(shown: { res_model: string; context: { default_key: string } }): string {
  assert.equal(shown.res_model, 'res.users.apikeys.show')
  assert.match(shown.context.default_key, /^[0-9a-f]{40}$/)
  return shown.context.default_key
}

/** Whoever holds only a key makes no further one: he is asked for the password, which comes in the context of the answer. */
async function anotherKey(call: Call, password: string): Promise<string> {
  const description = await call('res.users.apikeys.description', 'create', [{ name: 'json2 again', duration: '30' }])
  const asked = await call('res.users.apikeys.description', 'make_key', [[description]])
  assert.deepEqual([asked.type, asked.res_model], ['ir.actions.act_window', 'res.users.identitycheck'])
  const answer = (given: string) => call('res.users.identitycheck', 'run_check', [[asked.res_id]], { context: { password: given } })
  await assert.rejects(answer('wrong'), /Incorrect Password|Access Denied/)
  assert.equal(await call('res.users.apikeys', 'search_count', [[['name', '=', 'json2 again']]]), 0)
  return keyIn(await answer(password))
}

/** `POST /json/2/<model>/<method>` with a key and named arguments: no client library at all. */
export async function json2(people: People): Promise<void> {
  const { editor, clerk, neighbour, company } = people
  const key = await makeKey(editor, 'json2')
  const named = await Promise.all(
    [editor, clerk, neighbour].map(async (who) => byPosition(who.url, who === editor ? key : await makeKey(who, 'json2'))),
  )
  await keepContacts(named[0]!, 'json2')
  await keepOut({ editor: named[0]!, clerk: named[1]!, neighbour: named[2]!, company }, 'json2')
  const another = await anotherKey(named[0]!, editor.password)
  assert.equal((await ask(editor.url, another, 'res.users/context_get', {})).status, 200)
  await codes(editor.url, key)
  await leave(editor, key)
}

export async function ask(
  url: string,
  key: string | null,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/json/2/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `bearer ${key}` }), ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

const names: Record<string, readonly string[]> = {
  search: ['domain'],
  search_read: ['domain'],
  search_count: ['domain'],
  read: ['ids', 'fields'],
  fields_get: ['allfields'],
  name_search: ['name'],
  read_group: ['domain', 'fields', 'groupby'],
  create: ['vals_list'],
  write: ['ids', 'vals'],
  copy: ['ids', 'default'],
  unlink: ['ids'],
  action_archive: ['ids'],
  action_unarchive: ['ids'],
  walk_away: ['ids'],
  _write: ['ids', 'vals'],
  make_key: ['ids'],
  run_check: ['ids'],
}

/** The stories call by position; here everything has a name, and `create` answers a list always. */
function byPosition(url: string, key: string): Call {
  return async (model, method, args, kwargs = {}) => {
    const body = { ...Object.fromEntries(args.map((arg, i) => [names[method]![i]!, arg])), ...kwargs }
    const { status, body: answer } = await ask(url, key, `${model}/${method}`, body)
    if (status !== 200) throw Object.assign(new Error(answer.message), { status })
    return method === 'create' && !Array.isArray(args[0]) ? answer[0] : answer
  }
}

/** The status is what programs decide by. */
async function codes(url: string, key: string): Promise<void> {
  const statusOf = async (...call: [string | null, string, unknown]) => (await ask(url, ...call)).status
  assert.deepEqual(
    [
      await statusOf(null, 'res.partner/search', { domain: [] }),
      await statusOf('0'.repeat(40), 'res.partner/search', { domain: [] }),
      await statusOf(key, 'res.castle/search', { domain: [] }),
      await statusOf(key, 'res.partner/walk_away', { ids: [1] }),
      await statusOf(key, 'res.partner/search', { domain: [], colour: 'red' }),
      await statusOf(key, 'res.partner/write', { ids: [1] }),
      await statusOf(key, 'ir.config_parameter/search', { domain: [] }),
      await statusOf(key, 'res.partner/search', { domain: [['id', '=', 1]] }),
    ],
    [401, 401, 404, 404, 422, 422, 403, 200],
  )
}

/** The owner takes the key away, and it opens nothing any more. */
async function leave(editor: Caller, key: string): Promise<void> {
  const { call } = await signIn(editor)
  assert.equal((await ask(editor.url, key, 'res.users/context_get', {})).status, 200)
  const keys = await call('res.users.apikeys', 'search', [[['name', '=', 'json2']]])
  assert.equal(keys.length, 1)
  await call('res.users.apikeys', 'remove', [keys])
  assert.equal((await ask(editor.url, key, 'res.users/context_get', {})).status, 401)
}
