import type { RunningInstance } from '@erp4/testing'

/** Whoever signs in, and where. */
export interface Caller {
  readonly url: string
  readonly db: string
  readonly login: string
  readonly password: string
}

/** A method of a model, by name, through whatever client it is; the answer as that client hands it out. */
export type Call = (model: string, method: string, args: readonly unknown[], kwargs?: Readonly<Record<string, unknown>>) => Promise<any>

/** What the server answered instead of a result. */
export class RpcError extends Error {
  readonly code: number
  readonly data: { readonly name: string; readonly message: string; readonly arguments: readonly unknown[]; readonly debug: string }

  constructor(error: { code: number; message: string; data: RpcError['data'] }) {
    super(error.data.message)
    this.code = error.code
    this.data = error.data
  }
}

/** Posts one JSON-RPC envelope; answers its result and the cookies that came along. Throws RpcError. */
export async function post(
  url: string,
  path: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<{ result: any; cookies: string[] }> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params }),
  })
  const body = (await response.json()) as { result?: unknown; error?: ConstructorParameters<typeof RpcError>[0] }
  if (body.error) throw new RpcError(body.error)
  return { result: body.result, cookies: response.headers.getSetCookie() }
}

/** A signed-in session, as a browser's: cookie and `call_kw`. Throws RpcError when the password is wrong. */
export async function signIn({ url, db, login, password }: Caller): Promise<{ info: any; call: Call; cookie: string }> {
  const { result: info, cookies } = await post(url, '/web/session/authenticate', { db, login, password })
  const cookie = cookies.map((one) => one.split(';')[0]).join('; ')
  const call: Call = async (model, method, args, kwargs = {}) =>
    (await post(url, `/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs }, { cookie })).result
  return { info, call, cookie }
}

/** The people of the stories: all may be told apart by what they may do. */
export interface People {
  readonly administrator: Caller
  /** Changes contacts. */
  readonly editor: Caller
  /** Reads contacts, no more. */
  readonly clerk: Caller
  /** Changes contacts, but works in another company. */
  readonly neighbour: Caller
  /** Ids of the companies of the first three and of the neighbour. */
  readonly company: number
  readonly otherCompany: number
}

/** Lets the administrator make users over RPC, as an integrator would. `tag` keeps the logins of several stories apart. */
export async function makePeople(instance: RunningInstance, tag: string): Promise<People> {
  const { url, db, login, password } = instance
  const administrator: Caller = { url, db, login, password }
  const { call, info } = await signIn(administrator)
  const [, editors] = await call('ir.model.data', 'check_object_reference', ['base', 'group_partner_manager'])
  const [, employees] = await call('ir.model.data', 'check_object_reference', ['base', 'group_user'])
  const company = info.user_companies.current_company as number
  const otherCompany = (await call('res.company', 'create', [{ name: `Neighbours ${tag}` }])) as number
  const make = async (name: string, group: number, home: number): Promise<Caller> => {
    const made = { login: `${name}.${tag}@example.org`, password: `${name} has a long password` }
    await call('res.users', 'create', [
      { name: `${name} ${tag}`, ...made, group_ids: [[6, 0, [group]]], company_id: home, company_ids: [[6, 0, [home]]] },
    ])
    return { url, db, ...made }
  }
  return {
    administrator,
    editor: await make('Editor', editors, company),
    clerk: await make('Clerk', employees, company),
    neighbour: await make('Neighbour', editors, otherCompany),
    company,
    otherCompany,
  }
}
