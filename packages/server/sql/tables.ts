import type { SystemTable } from '@erp4/orm'
import { auditSeal } from './audit.ts'
import { loginDevice, loginTry } from './auth-cooldown.ts'
import { passwordLink } from './auth-link.ts'
import { session } from './auth-session.ts'
import { blobTable, fileSpaceTable } from './files.ts'
import { idempotency } from './idempotency.ts'
import { jobTable, scheduleTable } from './jobs.ts'
import { outboxAttachmentTable, outboxTable } from './outbox.ts'
import { linkAsk } from './rates.ts'

/** Every table of this package that is no model; migrations make them, their grants derive from here alone. */
export const serverTables: readonly SystemTable[] = [
  session,
  loginTry,
  loginDevice,
  passwordLink,
  linkAsk,
  blobTable,
  fileSpaceTable,
  jobTable,
  scheduleTable,
  outboxTable,
  outboxAttachmentTable,
  auditSeal,
  idempotency,
]
