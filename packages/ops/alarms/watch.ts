import type { Host } from '../host.ts'
import { factsOfEvidence, factsOfHome, factsOfRegistry } from './facts.ts'
import { alarmLimits, judgeAlarms, type AlarmFacts, type AlarmLimits } from './judge.ts'
import { dueForMail, sendMails, spoolMail, tellAlarms, type AlarmMail } from './mail.ts'
import { keepAlarms, listAlarms, mirrorAlarms, settleAlarms, type AlarmChanges } from './state.ts'

export interface WatchOrder {
  host: Host
  mail: AlarmMail | undefined
  /** When whoever watches began: nothing is overdue before it had its time. */
  since: Date
  limits?: AlarmLimits
}

/**
 * Looks at everything, raises and clears alarms, and mails what is new. Nothing of it needs an instance, and only what the registry alone
 * knows needs PostgreSQL. `deep` also reads the evidence, every signature of it.
 */
export async function watchAlarms(order: WatchOrder, now: Date, deep: boolean): Promise<AlarmChanges & { mailError?: string }> {
  const { host, since } = order
  const registry = await factsOfRegistry(host)
  const facts: AlarmFacts = {
    ...factsOfHome(host.home, since),
    ...registry,
    ...(deep && registry.instances ? factsOfEvidence(host.home, now, await namesOf(host), since) : {}),
  }
  const changes = await settle(order, facts, now)
  if (registry.instances) await mirrorAlarms(host.db, listAlarms(host.home)).catch(() => {}) // the file is what counts
  return changes
}

/** Judges some facts, keeps what is up, and mails: also for a watcher that knows only a part, such as whether the agent lives. */
export async function settle(
  { host, mail, limits = alarmLimits }: Pick<WatchOrder, 'mail' | 'limits'> & { host: Pick<Host, 'home'> },
  facts: AlarmFacts,
  now: Date,
): Promise<AlarmChanges & { mailError?: string }> {
  const { home } = host
  const changes = settleAlarms(listAlarms(home), judgeAlarms(facts, now, limits), facts, now)
  const due = dueForMail(changes, now)
  const message = tellAlarms(due, changes.cleared, (home.facts().host ?? '').slice(0, 8))
  // In the spool before it counts as mailed: killed in between, it is told twice rather than never.
  if (message) spoolMail(home, message, now)
  const mailed = new Set(due)
  const up = [...changes.raised, ...changes.still].map((one) => (mailed.has(one) ? { ...one, mailed: now.toISOString() } : one))
  if (message || up.length) keepAlarms(home, up)
  const { error } = mail ? await sendMails(home, mail) : {}
  return { ...changes, ...(error ? { mailError: error } : {}) }
}

async function namesOf(host: Host): Promise<Map<string, string>> {
  const { rows } = await host.db.query<{ uuid: string; name: string }>(`select uuid, name from instance where state = 'ready'`)
  return new Map(rows.map(({ uuid, name }) => [uuid, name]))
}
