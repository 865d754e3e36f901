export { type SchemaOptions, desiredSchema } from './desired.ts'
export { type CustomWork, settleCustomFields, withAllCustomFields } from './custom-fields.ts'
export { MigrationFailed, MigrationRefused } from './errors.ts'
export { type GrantFault, checkGrants } from './grants.ts'
export { type Violation, constraintMessage } from './messages.ts'
export {
  type Migration,
  type MigrationHook,
  type MigrationHooks,
  type MigrationOptions,
  type Move,
  migrate,
  planMigration,
} from './migrate.ts'
export { type Step, diff } from './plan.ts'
export { asConnection } from './rows.ts'
export { versionsBetween } from './versions.ts'
