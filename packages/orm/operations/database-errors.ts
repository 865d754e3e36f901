import type { Env } from '../env.ts'
import { LockError, UserError, ValidationError, ValueError } from '../errors.ts'
import { constraintMessage } from '../schema/messages.ts'

interface DatabaseError {
  code: string
  constraint?: string
  column?: string
  table?: string
  detail?: string
}

const isDatabaseError = (error: unknown): error is DatabaseError =>
  error instanceof Error &&
  typeof (error as { code?: unknown }).code === 'string' &&
  /^[0-9A-Z]{5}$/.test((error as unknown as { code: string }).code)

/**
 * What the database refused, as a sentence for the person whose change it was; anything else as it is.
 * Deadlocks and serialization failures stay as they are: the transaction is run again.
 */
export function asSentence(env: Env, error: unknown): unknown {
  if (error instanceof UserError || !isDatabaseError(error)) return error
  const { code, constraint, column, table, detail } = error
  switch (code) {
    case '23505':
    case '23502':
    case '23503':
    case '23514':
      return new ValidationError(
        constraintMessage(env.registry, { code, constraint, column, table, detail }, (text, values) => env.t(text, values)) ??
          env.t('The data breaks a rule of the database.'),
      )
    case '22003':
      return new ValidationError(env.t('A number is too large for its field.'))
    case '22P05':
    case '22021':
      return new ValidationError(env.t('A text contains a character that cannot be stored.'))
    case '54001':
    case '54000':
      return new ValueError('The request is too complex, or its answer too large. Ask for fewer records or fields at once.')
    case '55P03':
      return new LockError(env.t('Someone else is working on this record right now. Please try again.'))
    case '57014':
      return new UserError(env.t('This took too long and was stopped. Nothing was changed.'))
    default:
      return error
  }
}
