import assert from 'node:assert/strict'
import { keepContacts, keepOut } from './story.ts'
import { type People, RpcError, post, signIn } from './wire.ts'

/** `/web/session/authenticate` and `call_kw` with nothing but fetch: what browsers and the session clients of Python do. */
export async function sessionByFetch({ editor, clerk, neighbour, company }: People): Promise<void> {
  const [mine, clerks, neighbours] = await Promise.all([editor, clerk, neighbour].map(signIn))
  await keepContacts(mine!.call, 'session')
  await keepOut({ editor: mine!.call, clerk: clerks!.call, neighbour: neighbours!.call, company }, 'session')
  const { url } = editor
  assert.deepEqual((await post(url, '/web/webclient/version_info', {})).result.server_serie, '19.0')
  const { result: info } = await post(url, '/web/session/get_session_info', {}, { cookie: mine!.cookie })
  assert.deepEqual([info.uid, info.username, info.db, info.is_admin], [mine!.info.uid, editor.login, editor.db, false])

  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => (error instanceof RpcError ? [error.code, error.data.name] : error),
    )
  assert.deepEqual(await codeOf(signIn({ ...editor, password: 'wrong' })), [0, 'odoo.exceptions.AccessDenied'])
  assert.deepEqual(await codeOf(mine!.call('res.castle', 'search', [[]])), [404, 'werkzeug.exceptions.NotFound'])
  assert.deepEqual(await codeOf(clerks!.call('res.partner', 'create', [{ name: 'No' }])), [0, 'odoo.exceptions.AccessError'])

  await post(url, '/web/session/destroy', {}, { cookie: mine!.cookie })
  assert.deepEqual(await codeOf(mine!.call('res.partner', 'search', [[]])), [100, 'odoo.http.SessionExpiredException'])
}
