import { type DestinationStream, type Logger, pino } from 'pino'

/** Names under which a secret could reach a log line. */
const secrets = new Set([
  'password',
  'new_password',
  'login_password',
  'secret',
  'token',
  'csrf_token',
  'key',
  'api_key',
  'authorization',
  'cookie',
  'set-cookie',
  'session_id',
  'idempotency-key',
])

export interface LogOptions {
  level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; standard output when left out. */
  destination?: DestinationStream
}

/**
 * Structured lines, one JSON object each: a line break in a value cannot forge another. Request bodies, headers, query texts and values are
 * never logged at all; redaction is the second net.
 */
export function createLogger({ level = 'info', destination }: LogOptions = {}): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { log: (line: Record<string, unknown>) => redact(line) },
    serializers: { err: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
}

/** The line without its secrets, down to `depth` levels. By hand: pino's own costs eight times what writing the line does. */
function redact(line: Record<string, unknown>, depth = 3): Record<string, unknown> {
  let clean = line
  for (const name in line) {
    const value = line[name]
    const shown = secrets.has(name.toLowerCase()) ? '[secret]' : depth > 1 && isPlain(value) ? redact(value, depth - 1) : value
    if (shown === value) continue
    if (clean === line) clean = { ...line }
    clean[name] = shown
  }
  return clean
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/**
 * An error for the log: its kind, message and trace, and PostgreSQL's own code and object names. Not `detail`, `where`, `query` or
 * `parameters`: they quote what people typed.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error).slice(0, 500) }
  const { code, table, constraint, column, routine } = error as Error & Record<string, unknown>
  const cause = error.cause === undefined ? undefined : describeError(error.cause)
  return { type: error.name, message: error.message, stack: error.stack, code, table, constraint, column, routine, cause }
}
