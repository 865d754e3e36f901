import { employee } from '@erp4/base'
import { AccessError, type Env } from '@erp4/orm'
import { type SomeRecords, demandRecipients } from './posting.ts'

/** Has partners follow some records. Whoever may read a record may follow it himself; others are added by who may change it. */
export async function follow(records: SomeRecords, partners: readonly number[]): Promise<void> {
  const { env, model, ids } = records
  const wanted = await demandRecipients(env, partners)
  await demandRight(records, wanted)
  await env.asSystem('who follows a record is kept for him, after his right was asked', async (sys) => {
    const known = await followersOf(sys, model, ids)
    const has = (res_id: number, partner_id: number): boolean => known.some((one) => one.res_id === res_id && one.partner_id === partner_id)
    const missing = ids.flatMap((res_id) =>
      wanted.filter((one) => !has(res_id, one)).map((partner_id) => ({ res_model: model, res_id, partner_id })),
    )
    if (missing.length > 0) await sys.model('mail.followers').create(missing)
  })
}

/** The opposite, by the same rights. */
export async function unfollow(records: SomeRecords, partners: readonly number[]): Promise<void> {
  const { env, model, ids } = records
  await demandRight(records, partners)
  await env.asSystem('who follows a record is kept for him, after his right was asked', async (sys) => {
    const gone = (await followersOf(sys, model, ids)).filter(({ partner_id }) => partners.includes(partner_id))
    await sys
      .model('mail.followers')
      .browse(gone.map((one) => one.id))
      .unlink()
  })
}

async function demandRight(records: SomeRecords, partners: readonly number[]): Promise<void> {
  const { env } = records
  if (!env.isIn(employee)) throw new AccessError(env.t('Only colleagues say who follows a record.'))
  if (partners.some((one) => one !== env.user.partner_id)) await records.lock()
}

const followersOf = (sys: Env<true>, model: string, ids: readonly number[]) =>
  sys.model('mail.followers').find(
    [
      ['res_model', '=', model],
      ['res_id', 'in', ids],
    ],
    ['res_id', 'partner_id'],
  )
