import { asOpsError, type OpsCode } from '@erp4/ops'

/** Why a command ended; docs/operations.md has a page for each. 0 = done, 1 = a mistake of ours, 2 = the command line makes no sense. */
export type FailureCode = OpsCode | 'port_in_use' | 'usage' | 'not_built' | 'internal'

export const exitCodes: Readonly<Record<FailureCode, number>> = {
  internal: 1,
  usage: 2,
  refused: 3,
  not_found: 4,
  name_invalid: 5,
  name_taken: 6,
  not_confirmed: 7,
  busy: 8,
  not_built: 9,
  port_in_use: 10,
  disk_full: 11,
  missing_right: 12,
  home_unreachable: 13,
  damaged_home: 14,
  no_postgres: 15,
  already_running: 16,
  key_missing: 17,
  key_wrong: 18,
  cluster_failed: 19,
  legal_hold: 20,
  retained: 21,
  set_damaged: 22,
  store_conflict: 23,
  store_failed: 24,
  program_failed: 25,
}

/** A command that could not do what it was asked, with one sentence for whoever asked. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The result was printed, and it is bad: for machines, its line is the one there is. */
export class Verdict extends CommandError {
  override name = 'Verdict'
}

/** Any error as a code and a sentence. What nobody foresaw is `internal`, and keeps its stack for standard error. */
export function failureOf(error: unknown): { code: FailureCode; message: string; stack?: string | undefined } {
  if (error instanceof CommandError) return { code: error.code, message: error.message }
  const known = cannotListen(error) ?? asOpsError(error)
  if (known) return { code: known.code, message: known.message }
  const { code, message, stack } = error as { code?: string; message?: string; stack?: string }
  if (code?.startsWith('ERR_PARSE_ARGS')) return { code: 'usage', message: message ?? 'The command line makes no sense.' }
  return { code: 'internal', message: message ?? String(error), stack }
}

/** What the system says of an address that nobody can listen on: `start`'s own, that of an instance, or that of the metrics. */
function cannotListen(error: unknown): CommandError | undefined {
  const { syscall, code, port, address } = error as { syscall?: string; code?: string; port?: number; address?: string }
  if (syscall !== 'listen') return undefined
  const choose = 'choose another with --port (or --metrics-port, if it is that one)'
  switch (code) {
    case 'EADDRINUSE':
      return new CommandError('port_in_use', `Port ${port} is in use by another program, on ${address}: ${choose}.`)
    case 'EACCES':
      return new CommandError('missing_right', `This user may not listen on port ${port}: choose one above 1023 with --port.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CommandError('usage', `This machine has no address ${address}: look at --listen.`)
    default:
      return undefined
  }
}
