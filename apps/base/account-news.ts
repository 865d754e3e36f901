import type { AccountNews, Env } from '@erp4/orm'

/** Tells a user by mail what happened to his account, as part of the call. Where no mails can be sent, nobody is told. */
export async function tellOwner({ call, cx }: Env, news: AccountNews): Promise<void> {
  if (call.accounts && call.origin !== null) await call.accounts.tellOwner(cx, call.origin, news)
}
