import { administrator, employee, nobody } from '@erp4/base'
import { type Access, grant, protect } from '@erp4/orm'
import type { models } from './models.ts'

type Own = (typeof models)[number]['name']

/** Who may read a document sees who has links to it and who signed it (`hangsOn`); who may change it may end them. All else is the software's. */
export const access: Access<Own> = {
  'portal.link': [
    grant(employee, ['read', 'write']),
    protect(['res_model', 'res_id', 'purpose', 'partner_id', 'email', 'content_hash', 'offered', 'expires', 'revoked_on'], nobody, [
      'create',
      'write',
    ]),
    protect(['token_hash', 'letter'], nobody),
  ],
  'portal.signature': [grant(employee, ['read']), protect(['content'], administrator, ['read'])],
}
