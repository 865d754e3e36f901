import { base } from '@erp4/base'
import { app } from '@erp4/orm'

/** Messages, followers, activities and letters on records. */
export const mail = app({ name: 'mail', label: 'Messages', depends: [base], models: [], access: {} })
