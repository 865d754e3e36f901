/** An error whose message is meant for the person who caused it. Anything else reaches them as "internal error" and a reference. */
export class UserError extends Error {
  override name = 'UserError'
}

/** The person may not do this. Hidden and missing records give the same one. */
export class AccessError extends UserError {
  override name = 'AccessError'
}

/** What was given breaks a rule of the data. */
export class ValidationError extends UserError {
  override name = 'ValidationError'
}

/** Someone else changed the record since it was read; `changed` names the fields that differ. */
export class ConflictError extends UserError {
  override name = 'ConflictError'
  readonly changed: readonly string[]

  constructor(message: string, changed: readonly string[]) {
    super(message)
    this.changed = changed
  }
}

/** Another transaction holds the row longer than we wait. */
export class LockError extends UserError {
  override name = 'LockError'
}

/** Wrong credentials, or none: the wire's AccessDenied. */
export class AccessDenied extends UserError {
  override name = 'AccessDenied'

  constructor(message = 'Access Denied') {
    super(message)
  }
}

/** Who is signed in must give his password before this is done: it opens doors, and a browser is easily left open. */
export class IdentityError extends AccessDenied {
  override name = 'IdentityError'
}

/** A caller named a field, an operator or a value that does not exist: the wire's ValueError. */
export class ValueError extends UserError {
  override name = 'ValueError'
}

/** A caller gave an argument that the method does not take, or left one out: the wire's TypeError. */
export class ArgumentError extends UserError {
  override name = 'ArgumentError'
}

/** There is no such model or method for a caller from outside. */
export class NotFoundError extends UserError {
  override name = 'NotFoundError'
  readonly what: 'model' | 'method'

  constructor(what: 'model' | 'method', message: string) {
    super(message)
    this.what = what
  }
}

/** The apps' declarations contradict each other. Raised once, at start-up, with every problem found. */
export class DefinitionError extends Error {
  override name = 'DefinitionError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`${problems.length} problem(s) in the apps' declarations:\n` + problems.map((problem) => `  - ${problem}`).join('\n'))
    this.problems = problems
  }
}

/** A caller's value as a message may quote it: short, and whatever it is made of. */
export function shown(value: unknown, most = 60): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value)).slice(0, most)
}
