import { sql } from './fragment.ts'

/** The languages of the instance, as the session statement gives them too. */
export const installedLanguages = sql`select langs from meta`

/** What a caller may choose rides in the session statement, so that every process knows it at once. */
export const settleInstalled = sql`update meta set langs = array(select 'en_US' union all select code from res_lang where active and code <> 'en_US' order by 1) returning langs`
