import type { Env } from '../env.ts'
import { ArgumentError } from '../errors.ts'
import type { Model } from '../registry.ts'

/** JSON text made by PostgreSQL, to be passed on as it is. */
export class RawJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export interface Parameter {
  readonly name: string
  readonly required: boolean
  readonly default?: unknown
}

/** A method that the outside world may call by name. */
export interface Method {
  /** 'record': the first positional argument is the ids. */
  readonly kind: 'model' | 'record'
  readonly params: readonly Parameter[]
  /** Writes nothing: runs without a transaction. */
  readonly readonly: boolean
  /** Makes records, so that a repeated request must not make them twice. */
  readonly creates: boolean
  readonly run: (env: Env, model: Model, ids: readonly number[], args: Record<string, unknown>) => Promise<unknown>
}

interface Options {
  readonly?: boolean
  creates?: boolean
}

/** `'domain', 'offset=0'`: names as in the protocol, with the default as JSON behind `=`; none means required. */
export function method(kind: Method['kind'], params: readonly string[], run: Method['run'], options: Options = {}): Method {
  return {
    kind,
    run,
    readonly: options.readonly ?? false,
    creates: options.creates ?? false,
    params: params.map((param) => {
      const [name = '', ...rest] = param.split('=')
      return rest.length === 0 ? { name, required: true } : { name, required: false, default: JSON.parse(rest.join('=')) }
    }),
  }
}

/** Arguments by name, from positional ones and keywords; an unknown, doubled or missing one is the wire's TypeError. */
export function bindArguments(
  at: string,
  params: readonly Parameter[],
  positional: readonly unknown[],
  keywords: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (positional.length > params.length)
    throw new ArgumentError(`${at}() takes ${params.length} argument(s) but ${positional.length} were given`)
  const bound: Record<string, unknown> = Object.create(null)
  positional.forEach((value, i) => {
    bound[params[i]!.name] = value
  })
  for (const [name, value] of Object.entries(keywords)) {
    if (!params.some((param) => param.name === name))
      throw new ArgumentError(`${at}() got an unexpected keyword argument '${name.slice(0, 60)}'`)
    if (name in bound) throw new ArgumentError(`${at}() got multiple values for argument '${name}'`)
    bound[name] = value
  }
  for (const param of params) {
    if (param.name in bound && bound[param.name] !== undefined) continue
    if (param.required) throw new ArgumentError(`${at}() missing a required argument: '${param.name}'`)
    bound[param.name] = param.default
  }
  return bound
}
