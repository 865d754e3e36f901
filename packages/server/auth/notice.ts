import type { AccountNews, Connection, Outbox } from '@erp4/orm'
import { type DeviceNews, newsLetter } from '../mail/account-letters.ts'
import { usableAddress } from '../mail/address.ts'
import { senderOf } from '../mail/sender.ts'
import { type AccountOwner, accountOwner } from '../sql/account-owner.ts'

/** Later it is no news: whoever sets up a mail server after a year does not send a year's letters. */
const newsDays = 7

/**
 * Tells a user by mail what happened to the doors of his account, in his language and the caller's transaction: of another address, the old
 * one too. Nothing in a letter opens anything. What happened does not hang on it: whoever has no usable address is not told.
 */
export async function tellOwner(cx: Connection, outbox: Outbox, origin: string, news: AccountNews | DeviceNews): Promise<void> {
  const [owner] = await cx.query<AccountOwner>(accountOwner({ user: news.user, by: news.what === 'device' ? news.user : news.by }))
  if (!owner) return
  const from = await senderOf(cx, owner.company_id, origin)
  const at = new Date()
  const until = new Date(at.getTime() + newsDays * 86_400_000)
  for (const address of addressesOf(owner, news)) {
    const isFormer = news.what === 'address' && address !== usableAddress(news.to)
    await outbox.put(cx, { ...newsLetter(news, { owner, isFormer, at, origin }), from, to: { address }, until })
  }
}

function addressesOf({ address }: AccountOwner, news: AccountNews | DeviceNews): string[] {
  const all = news.what === 'address' ? [news.from, news.to] : [address]
  return [...new Set(all.flatMap((one) => usableAddress(one) ?? []))]
}
