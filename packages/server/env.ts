import { type BlobStore, type Connection, Env, type Registry, openCall } from '@erp4/orm'
import type { Acting } from './auth/index.ts'

export interface EnvOptions {
  registry: Registry
  files: BlobStore | null
  /** Where the call comes from, for the audit trail: `json2`, `web`, `job:…`. */
  source: string
  identityConfirmed?: boolean
}

/** A call of this user with his own rights, languages and companies. Whoever opens it ends it with `finishCall`. */
export function openEnv(
  cx: Connection,
  { user, languages }: Acting,
  { registry, files, source, identityConfirmed = false }: EnvOptions,
): Env {
  const call = openCall({ registry, cx, blobs: files, languages, source, identityConfirmed })
  return new Env(call, user, { lang: user.lang, tz: user.tz, allowed_company_ids: user.company_ids, active_test: true }, false)
}
