import { Decimal } from '@erp4/orm'

/** What is given to create a record, not looked at by anybody yet: in our spelling or in the protocol's. */
export type Given = Readonly<Record<string, unknown>>

/** Those of these values that can be ids. */
export const idsOf = (values: readonly unknown[]): number[] => [
  ...new Set(values.filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 2 ** 31)),
]

export const idOrNull = (value: unknown): number | null => idsOf([value])[0] ?? null

/** A quantity as it was given; one where it is missing, or no number: that is for the field to refuse. */
export function quantityOf(value: unknown): Decimal {
  if (Decimal.isDecimal(value)) return value
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e15 ? Decimal.fromNumber(value) : Decimal.of(1)
}

/** The given values over others; what nobody gave, or gave empty, of `required` is taken from those. */
export function completed(given: Given, values: Given, required: Given = {}): Given {
  const missing = Object.entries(required).filter(([name, value]) => value !== undefined && !given[name])
  return { ...values, ...given, ...Object.fromEntries(missing) }
}

/** The values of those lines that commands create. */
export function createdLines(commands: unknown): Given[] {
  const lines: Given[] = []
  mapCreated(commands, (line) => {
    lines.push(line)
    return line
  })
  return lines
}

/** The same commands with other values for the lines that they create. What is no list of commands is left for the field to refuse. */
export function mapCreated(commands: unknown, values: (line: Given) => Given): unknown {
  if (!Array.isArray(commands)) return commands
  return commands.map((command: unknown) => {
    if (!Array.isArray(command) || (command[0] !== 0 && command[0] !== 'create')) return command
    const at = command[0] === 0 ? 2 : 1
    const line: unknown = command[at]
    if (typeof line !== 'object' || line === null || Array.isArray(line)) return command
    return command.with(at, values(line as Given))
  })
}
