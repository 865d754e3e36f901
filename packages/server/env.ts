import { type BlobStore, type Connection, Env, type Registry, type User, openCall } from '@erp4/orm'
import { accountsFor } from './accounts.ts'
import type { Acting, SessionTrace } from './auth/index.ts'
import { asking } from './jobs/asking.ts'
import type { InstanceKeys } from './hosting.ts'
import { lettersOf } from './mail/letters.ts'

export interface EnvOptions {
  registry: Registry
  files: BlobStore | null
  /** Those of the instance: what letters are sealed with. Without them none are written. */
  keys?: InstanceKeys | undefined
  /** Where the call comes from, for the audit trail: `json2`, `web`, `job:…`. */
  source: string
  /** Under which people reach the instance: what links in letters begin with. */
  origin?: string
  identityConfirmed?: boolean
  /** As `identityConfirmed` unless given. */
  isProven?: boolean
  /** The caller's session, which stays when his others end. */
  session?: SessionTrace | undefined
}

/** The system itself: user 1 of the standard data, who is there before his row is. */
export const systemUser: User = {
  id: 1,
  login: '__system__',
  name: 'System',
  partner_id: 2,
  commercial_partner_id: 2,
  company_id: 1,
  company_ids: [1],
  groups: new Set(),
  lang: 'en_US',
  tz: 'UTC',
}

/** A call of this user with his own rights, languages and companies. Whoever opens it ends it with `finishCall`. */
export function openEnv(
  cx: Connection,
  { user, languages }: Pick<Acting, 'user' | 'languages'>,
  { registry, files, keys, source, origin, session, identityConfirmed = false, isProven = identityConfirmed }: EnvOptions,
): Env {
  const outbox = keys ? lettersOf(keys) : null
  const call = openCall({
    registry,
    cx,
    blobs: files,
    outbox,
    accounts: accountsFor(outbox, session),
    jobs: asking,
    origin: origin ?? null,
    // Whoever has not signed in was not told the languages of the instance.
    languages: user.id > 0 ? languages : undefined,
    source,
    identityConfirmed,
    isProven,
  })
  return new Env(call, user, contextOf(user), false)
}

/** A call of the system itself, which no rule limits: for what an instance does on its own account. */
export function openSystemEnv(cx: Connection, { registry, files, keys, source, origin }: EnvOptions): Env<true> {
  const outbox = keys ? lettersOf(keys) : null
  const call = openCall({
    registry,
    cx,
    blobs: files,
    outbox,
    accounts: accountsFor(outbox),
    jobs: asking,
    origin: origin ?? null,
    source,
  })
  return new Env(call, systemUser, contextOf(systemUser), true)
}

const contextOf = (user: User) => ({ lang: user.lang, tz: user.tz, allowed_company_ids: user.company_ids, active_test: true })
