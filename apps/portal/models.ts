import { portal_link } from './models/portal_link.ts'
import { portal_signature } from './models/portal_signature.ts'

export const models = [portal_link, portal_signature] as const
