import { type Env, RawJson, callMethod } from '@erp4/orm'

interface Caller {
  call<T>(work: (env: Env<any>) => Promise<T>): Promise<T>
}

/** A method by its name, as the outside world calls it, with the answer as it would read it. */
export function rpc(
  who: Caller,
  model: string,
  method: string,
  args: readonly unknown[] = [],
  kwargs: Readonly<Record<string, unknown>> = {},
): Promise<any> {
  return who.call(async (env) => {
    const result = await callMethod(env, { model, method, args, kwargs })
    return JSON.parse(result instanceof RawJson ? result.text : JSON.stringify(result))
  })
}
