import { checks as allChecks, type Check } from './checks.ts'
import type { SignedRecord } from './reading.ts'
import type { Measure, Subject } from './record.ts'

const toleranceMs = 600_000

/** What has to be shown of something: since when it is there decides when its first check is due. */
export type DueSubject = Subject & { since: Date }

/** `pass` alone is green. `stale`: passed, too long ago. `young`: not due yet. */
export type CheckState = 'pass' | 'fail' | 'error' | 'skipped' | 'stale' | 'missing' | 'young'

export interface SubjectState {
  check: string
  subject: Subject
  state: CheckState
  /** When the last check ended; absent when there was none. */
  at?: string
  reason: string
}

export interface ClaimState {
  claim: string
  /** `shown` only when every subject has a fresh pass of every check. */
  state: 'shown' | 'not_shown' | 'failed'
  checks: readonly string[]
  /** How many subjects of checks have passed, of how many that are due. */
  passed: number
  of: number
  /** What stands in the way. */
  open: readonly SubjectState[]
}

/**
 * What can be claimed now, from records whose signatures hold. A pass counts while it is fresh, was made by the check as it is today, and
 * signed by the key that has to; a later failure undoes it. An error or a skipped check says nothing: it makes nothing green, and leaves
 * a fresh pass as it is. Where there is nothing to check, nothing is shown.
 */
export function claimsState(
  records: readonly SignedRecord[],
  subjects: readonly DueSubject[],
  now: Date,
  checks: readonly Check[] = allChecks,
): ClaimState[] {
  const claims = [...new Set(checks.flatMap((check) => check.claims))].sort()
  return claims.map((claim) => {
    const proving = checks.filter((check) => check.claims.includes(claim))
    const states = proving.map((check) =>
      subjects.filter(({ type }) => type === check.subjects).map((one) => stateOf(check, one, records, now)),
    )
    const due = states.flat().filter(({ state }) => state !== 'young')
    const passed = due.filter(({ state }) => state === 'pass').length
    const isCovered = states.every((of) => of.some(({ state }) => state !== 'young'))
    const state = due.some((one) => one.state === 'fail') ? 'failed' : isCovered && passed === due.length ? 'shown' : 'not_shown'
    return {
      claim,
      state,
      checks: proving.map(({ check }) => check),
      passed,
      of: due.length,
      open: due.filter((one) => one.state !== 'pass'),
    }
  })
}

/** The state of one check of one subject. */
export function stateOf(check: Check, { since, ...subject }: DueSubject, records: readonly SignedRecord[], now: Date): SubjectState {
  const told = (state: CheckState, reason: string, record?: SignedRecord): SubjectState => ({
    check: check.check,
    subject,
    state,
    reason,
    ...(record ? { at: record.finished } : {}),
  })
  const mine = records.filter((one) => concerns(one, check, subject, now)).sort((a, b) => a.seq - b.seq)
  const last = mine.at(-1)
  if (!last) {
    const isYoung = now.getTime() - since.getTime() < check.validForSeconds * 1000
    return isYoung ? told('young', 'It is not due yet.') : told('missing', 'It was never checked.')
  }
  const decided = mine.findLast(({ result }) => result === 'pass' || result === 'fail')
  if (decided?.result === 'fail') return told('fail', decided.reason, decided)
  const breached = decided?.measures.find(isBreached)
  if (breached)
    return told(
      'fail',
      `${breached.name} was ${breached.value} ${breached.unit}, held against ${breached.op ?? '<='} ${breached.limit}.`,
      decided,
    )
  const validMs = decided ? Math.min(check.validForSeconds, decided.valid_for_s) * 1000 : 0
  if (decided && now.getTime() - Date.parse(decided.finished) <= validMs) return told('pass', '', decided)
  if (last.result === 'error' || last.result === 'skipped') return told(last.result, last.reason, last)
  return told('stale', `It passed last on ${last.finished}.`, last)
}

/** A figure beyond its limit fails its check, whatever the record says of itself. */
const isBreached = ({ value, limit, op = '<=' }: Measure): boolean =>
  limit !== undefined && !(op === '<=' ? value <= limit : value >= limit)

/** A record of another version, another signer or a time to come proves nothing; one made in a test of ours proves nothing of this host. */
function concerns(one: SignedRecord, check: Check, subject: Subject, now: Date): boolean {
  return (
    one.check === check.check &&
    one.check_version === check.version &&
    one.keyid.startsWith(`${check.signer}-`) &&
    one.scope !== 'ci' &&
    one.subject.type === subject.type &&
    one.subject.id === subject.id &&
    Date.parse(one.finished) <= now.getTime() + toleranceMs
  )
}
