import { ValidationError, ValueError, shown } from '../errors.ts'
import type { FieldInfo } from '../registry.ts'

/** What to do with the records of an x2many field, in order. */
export type Command =
  | { readonly do: 'create'; readonly values: Record<string, unknown> }
  | { readonly do: 'update'; readonly id: number; readonly values: Record<string, unknown> }
  | { readonly do: 'delete' | 'unlink' | 'link'; readonly id: number }
  | { readonly do: 'clear' }
  | { readonly do: 'set'; readonly ids: readonly number[] }
export type Commands = readonly Command[]

const numbered = ['create', 'update', 'delete', 'unlink', 'link', 'clear', 'set'] as const

/** From every spelling: `[0, _, values]` … `[6, _, ids]` with one to three elements, `['create', values]`, a bare list of ids, or false (external-api §4). */
export function parseCommands(field: FieldInfo, value: unknown): Commands {
  const at = `${field.model.name}.${field.name}`
  if (value === false || value === null) return [{ do: 'clear' }]
  if (!Array.isArray(value)) throw new ValueError(`Wrong value for ${at}: '${shown(value)}'`)
  if (value.length > 20_000) throw new ValidationError(`${at}: too many lines at once`)
  if (value.length > 0 && value.every((one) => typeof one === 'number')) return [{ do: 'set', ids: value.map((id) => demandId(at, id)) }]
  return value.flatMap((one) => parseCommand(at, one))
}

function parseCommand(at: string, command: unknown): Command[] {
  if (!Array.isArray(command) || command.length < 1 || command.length > 3)
    throw new ValueError(`Wrong command for ${at}: '${shown(command, 80)}'`)
  const isNamed = typeof command[0] === 'string'
  const verb = isNamed ? (command[0] as (typeof numbered)[number]) : numbered[command[0] as number]
  // A number that is no command is ignored without a word, as on the wire.
  if (!verb || !numbered.includes(verb)) return []
  const [a, b] = isNamed ? [command[1], verb === 'update' ? command[2] : command[1]] : [command[1], command[2]]
  switch (verb) {
    case 'create':
      return [{ do: 'create', values: demandValues(at, b ?? {}) }]
    case 'update':
      return [{ do: 'update', id: demandId(at, a), values: demandValues(at, b ?? {}) }]
    case 'clear':
      return [{ do: 'clear' }]
    case 'set':
      return [{ do: 'set', ids: demandList(at, b ?? []) }]
    default:
      return [{ do: verb, id: demandId(at, a) }]
  }
}

function demandId(at: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 2147483647)
    throw new ValueError(`Wrong value for ${at}: '${shown(value, 40)}' is not the id of a record`)
  return value as number
}

function demandList(at: string, value: unknown): number[] {
  if (!Array.isArray(value)) throw new ValueError(`Wrong value for ${at}: a list of ids is needed`)
  return [...new Set(value.map((id) => demandId(at, id)))]
}

function demandValues(at: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ValueError(`Wrong value for ${at}: values are needed`)
  return value as Record<string, unknown>
}
