import { base } from '@erp4/base'
import { mail } from '@erp4/mail'
import { app } from '@erp4/orm'

/** What customers see: signed links, their own documents. */
export const portal = app({ name: 'portal', label: 'Portal', depends: [base, mail], models: [], access: {} })
