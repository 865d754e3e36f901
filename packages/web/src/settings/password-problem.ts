import { Refusal } from '../rpc.ts'
import { words } from './texts.ts'

/** What to say beside the field of one's present password: it was wrong, or too many were. Undefined where it was neither. */
export function passwordProblem(error: unknown): string | undefined {
  if (!(error instanceof Refusal) || !error.kind.endsWith('.AccessDenied')) return undefined
  const [, seconds] = /(\d+) seconds?/.exec(error.message) ?? []
  return seconds === undefined ? words.wrongPassword : words.waitSeconds(Number(seconds))
}
