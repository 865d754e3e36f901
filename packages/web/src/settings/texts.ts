import { type SettingsTexts, settingsEn } from '../i18n/settings.en.ts'
import { settingsKo } from '../i18n/settings.ko.ts'
import { start } from '../start.ts'

/** The words of settings: they come with the screens that need them, not with the first list. */
export const words: SettingsTexts = start.session.user_context.lang.startsWith('ko') ? settingsKo : settingsEn
