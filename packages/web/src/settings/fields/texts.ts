import { type FieldsTexts, fieldsEn } from '../../i18n/fields.en.ts'
import { fieldsKo } from '../../i18n/fields.ko.ts'
import { start } from '../../start.ts'

/** They come with the screen, not with the first list. */
export const words: FieldsTexts = start.session.user_context.lang.startsWith('ko') ? fieldsKo : fieldsEn
