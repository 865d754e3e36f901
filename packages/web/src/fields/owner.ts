import type { Values } from './widget.ts'

const models = new WeakMap<object, string>()

/** Remembers whose values these are: pictures and files have addresses made of model and id. */
export function ownedBy<T extends object>(model: string, values: T): T {
  models.set(values, model)
  return values
}

export const modelOfRecord = (record: Values): string | undefined => models.get(record)
