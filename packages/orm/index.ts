export * from './access.ts'
export type * from './accounts.ts'
export * from './app.ts'
export * from './blobs.ts'
export { type Call, type CallOptions, openCall } from './call.ts'
export * from './databases.ts'
export {
  type CustomField,
  type CustomKind,
  customDefault,
  customKinds,
  isCustomName,
  isPlace,
  longestCustomName,
  longestLabel,
  mostChoices,
  mostCustomFields,
} from './custom/definition.ts'
export { type CustomState, countAsked, hasOwnerWork, loadCustom, schemaVersion, withCustomFields } from './custom/load.ts'
export { customTab, namesInColumns } from './custom/views.ts'
export * from './decimal.ts'
export { isSearch } from './domain.ts'
export * from './env.ts'
export * from './errors.ts'
export * from './fields.ts'
export { choiceLabel, fieldHelp, fieldLabel } from './labels.ts'
export type * from './letters.ts'
export type * from './jobs.ts'
export * from './model.ts'
export type * from './papers.ts'
export { Recent } from './recent.ts'
export { type FieldInfo, type Model, type Registry, assemble } from './registry.ts'
export { type Sql, column, empty, ident, join, literal, sql } from './sql/fragment.ts'
export * from './schema/index.ts'
export { auditLog, kernelTables } from './sql/kernel.ts'
export type { Grant, SystemTable } from './sql/system-table.ts'
export * from './time.ts'
export * from './types.ts'
export * from './views-many.ts'
export * from './views.ts'
export * from './written.ts'
export { specificationOf, viewsFor } from './views-delivered.ts'
export { menusFor, numberedMenus } from './views-menus.ts'
export type * from './views-types.ts'
export {
  type Method,
  type MethodCall,
  type MethodInfo,
  type Parameter,
  RawJson,
  callMethod,
  describeMethod,
  methodNames,
  narrow,
} from './methods/index.ts'
export { numberLater } from './operations/numbers.ts'
export { type FieldChange, type HistoryEntry, historyOf } from './operations/history.ts'
export { type Explanation, type FreezeVerdict, type Reach, type RuleVerdict, explain, reach } from './operations/explain.ts'
export { computeAnew, computeNext } from './operations/anew.ts'
export { finishCall } from './operations/finish.ts'
export { spokenFields } from './operations/languages.ts'
export { type Cell, exportRows } from './operations/export.ts'
export { type Before, type Done, valuesBefore } from './operations/import/history.ts'
export { loadRows } from './operations/import/load.ts'
export { fill } from './texts.ts'
export { type Text, recordStarts } from './operations/import/plan.ts'
export { searchIds } from './operations/read.ts'
export { describeField } from './methods/fields.ts'
export { mayEver, readableField } from './rules.ts'
export { asSentence } from './operations/database-errors.ts'
export { inSavepoint } from './operations/savepoint.ts'
export { type FirstSteps, type Step, firstSteps, step } from './steps.ts'
export { type Preparers, prepareCall } from './operations/prepare.ts'
export { Prepared, sanitizeHtml } from './operations/values.ts'
export { auditEvent } from './sql/audit.ts'
