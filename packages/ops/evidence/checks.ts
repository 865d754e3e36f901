import { OpsError } from '../errors.ts'
import type { SignerPurpose } from '../keys/signers.ts'
import type { EvidenceRecord, Subject } from './record.ts'

const hour = 3_600
const day = 24 * hour

/** A kind of check that leaves records. */
export interface Check {
  check: string
  /** Raised when it begins to look at something else: older records no longer count. */
  version: number
  says: string
  /** Numbers of the claims that it takes part in proving, such as `C01`. */
  claims: readonly string[]
  /** Every one of them needs a fresh pass, or the claims are not shown. */
  subjects: Subject['type']
  /** How often it is due, and for how long a pass counts: a little longer, so that one late run turns nothing red. */
  everySeconds: number
  validForSeconds: number
  /** Whose key has to sign. */
  signer: SignerPurpose
  /** Who looks when it fails. */
  owner: 'operations' | 'security' | 'development'
  public: EvidenceRecord['public']
}

const daily = { everySeconds: day, validForSeconds: 26 * hour }
const ours = { version: 1, signer: 'host', owner: 'operations', public: 'aggregate' } as const

/** All checks there are. What is not in this list proves nothing. */
export const checks: readonly Check[] = [
  {
    ...ours,
    ...daily,
    check: 'backup.restore_test',
    says: 'A set was read from a location, restored, and found to be what was backed up.',
    claims: ['C02', 'C09', 'C11', 'C44'],
    subjects: 'instance',
    signer: 'verifier',
  },
  {
    ...ours,
    ...daily,
    check: 'backup.freshness',
    says: 'The newest verified set is younger than 24 hours.',
    claims: ['C09', 'C11'],
    subjects: 'instance',
  },
  {
    ...ours,
    ...daily,
    check: 'backup.placement',
    says: 'The newest set has verified copies in three locations on two continents, or where a recorded waiver says.',
    claims: ['C03'],
    subjects: 'instance',
  },
  {
    ...ours,
    ...daily,
    check: 'retention.kept',
    says: 'The sets that should stay are there: 7 daily, 4 weekly, 3 monthly, or as many as the age of the instance allows.',
    claims: ['C01'],
    subjects: 'instance',
  },
  {
    ...ours,
    ...daily,
    check: 'retention.prune',
    says: 'The pruner of a location looked at every set and dropped only what may go.',
    claims: ['C01'],
    subjects: 'location',
  },
  {
    ...ours,
    check: 'stores.scrub',
    says: 'Copies were read again, byte for byte; what was damaged was healed from another location.',
    claims: ['C03'],
    subjects: 'location',
    everySeconds: day,
    validForSeconds: 2 * day,
  },
  {
    ...ours,
    check: 'alarms.test',
    says: 'A test alarm was raised and the mail server took the mail.',
    claims: ['C11'],
    subjects: 'host',
    everySeconds: 7 * day,
    validForSeconds: 8 * day,
  },
  {
    ...ours,
    check: 'dr.drill',
    says: 'All instances were brought back from the recovery kit and the stores alone, and an outside client signed in.',
    claims: ['C09', 'C10', 'C13', 'C14'],
    subjects: 'fleet',
    everySeconds: 90 * day,
    validForSeconds: 100 * day,
    public: 'full',
  },
  {
    ...ours,
    check: 'restore.rehearsal',
    says: 'A set was restored to the side and over a live instance, and undone.',
    claims: ['C06'],
    subjects: 'host',
    everySeconds: 30 * day,
    validForSeconds: 35 * day,
  },
  {
    ...ours,
    check: 'download.rehearsal',
    says: 'A set was made into an open archive, which was found whole, and plain pg_restore read its dump.',
    claims: ['C05'],
    subjects: 'host',
    everySeconds: 30 * day,
    validForSeconds: 35 * day,
  },
  {
    ...ours,
    ...daily,
    check: 'host.isolation',
    says: 'Databases, roles, keys and folders of instances are closed to each other.',
    claims: ['C15', 'C17'],
    subjects: 'host',
    owner: 'security',
  },
]

/** OpsError `not_found` for a check that is not in the list. */
export function checkOf(id: string): Check {
  const found = checks.find(({ check }) => check === id)
  if (!found) throw new OpsError('not_found', `There is no check named ${JSON.stringify(id)}.`)
  return found
}
