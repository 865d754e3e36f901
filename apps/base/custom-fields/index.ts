/** Fields that people make for themselves: what may be one (`rules.ts`), what becomes of them (`actions.ts`), and what the screen says (`define.ts`). */
export { archive_field, count_values, delete_field, keptDays, restore_field, retry_field } from './actions.ts'
export { custom_overview, define_field, redefine_field } from './define.ts'
