/** What can go wrong on a host; `bin/exit-codes.ts` gives each its exit code, docs/operations.md its page. */
export type OpsCode =
  | 'already_running'
  | 'busy'
  | 'cluster_failed'
  | 'damaged_home'
  | 'disk_full'
  | 'home_unreachable'
  | 'key_missing'
  | 'key_wrong'
  | 'missing_right'
  | 'name_invalid'
  | 'name_taken'
  | 'legal_hold'
  | 'no_postgres'
  | 'not_confirmed'
  | 'not_found'
  | 'program_failed'
  | 'refused'
  | 'retained'
  | 'set_damaged'
  | 'store_conflict'
  | 'store_failed'

/** For an operator: one sentence that says what is wrong and what to do. */
export class OpsError extends Error {
  override name = 'OpsError'
  readonly code: OpsCode

  constructor(code: OpsCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The operator's sentence for what the file system or PostgreSQL said, or undefined when it is nothing an operator can mend. */
export function asOpsError(error: unknown): OpsError | undefined {
  if (error instanceof OpsError) return error
  const { code, path, message } = error as { code?: string; path?: string; message?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === '53100') {
    return new OpsError('disk_full', `The disk is full${path ? ` (${path})` : ''}: free some space and start again.`, { cause: error })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new OpsError('missing_right', `This user may not write ${path ?? 'there'} (${message}).`, { cause: error })
  }
  return undefined
}
