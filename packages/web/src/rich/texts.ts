import { type RichTexts, richEn } from '../i18n/rich.en.ts'
import { richKo } from '../i18n/rich.ko.ts'
import { start } from '../start.ts'

/** The words of the editor: they come with it. */
export const words: RichTexts = start.session.user_context.lang.startsWith('ko') ? richKo : richEn
