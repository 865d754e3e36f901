import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Host, HostKeys, listBackups, openHome, type BackupSet } from '@erp4/ops'
import { long, RunningErp4, smtpSink, type SmtpSink } from '@erp4/testing'

// The agent as `erp4 start` runs it: it backs up, proves, prunes and records by itself, with the server and the worker out of the way.

let erp4: RunningErp4
let host: Host
let sink: SmtpSink

before(async () => {
  sink = await smtpSink()
  const env = { ERP4_ALARM_SMTP_URL: `smtp+plain://127.0.0.1:${sink.port}`, ERP4_ALARM_TO: 'operator@example.com' }
  erp4 = await RunningErp4.start({ env, isFirst: true })
  const home = openHome(erp4.home)
  host = new Host(home, new Cluster(home), HostKeys.open(home))
})
after(async () => {
  await host?.close()
  await erp4?.remove()
  await sink?.close()
})

async function eventually<T>(what: string, look: () => Promise<T | undefined>, withinMs = 150_000): Promise<T> {
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(250)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error(`Within ${withinMs / 1000} s it did not come true that ${what}. It said: ${erp4.said}`)
}

/** Makes an instance as old as it has to be for its first backup. */
const age = (name: string, hours: number) =>
  host.db.query(`update instance set created = created - $2 * interval '1 hour' where name = $1`, [name, hours])

const newest = async (): Promise<BackupSet | undefined> => (await listBackups(host, 'main'))[0]

test('an instance is backed up and proven by itself while neither server nor worker can do anything', async () => {
  for (const pid of [...erp4.pids('serve'), ...erp4.pids('work')]) process.kill(pid, 'SIGSTOP')
  await host.db.query('update instance set suspended = now()')
  await age('main', 1)
  const set = await eventually('a set is proven', async () => {
    const found = await newest()
    return found?.proven ? found : undefined
  })
  assert.deepEqual([set.class, set.state, set.counts], ['scheduled', 'published', true])
  assert.equal((await listBackups(host, 'demo')).length, 0, 'one that is a minute old is left alone')
  for (const pid of [...erp4.pids('serve'), ...erp4.pids('work')]) process.kill(pid, 'SIGCONT')
})

test('what it did is recorded, the records hold, and the plan of retention shows the set', async () => {
  const { code, out } = await eventually('the day is recorded', async () => {
    const listed = await erp4.command('evidence', 'list', '--check', 'host.isolation')
    return listed.out.includes('pass') ? erp4.command('evidence', 'verify', '--json') : undefined
  })
  assert.equal(code, 0)
  const report = JSON.parse(out) as { records: number; faults: unknown[]; heads: number }
  assert.deepEqual(report.faults, [])
  assert.ok(report.records >= 8, `${report.records} records`)
  const plan = await erp4.command('retention', 'plan', 'main')
  assert.match(plan.out, /^1 of 14, full on \d{4}-\d\d-\d\d\n/)
  assert.match(plan.out, /daily \d{4}-\d\d-\d\d/)
  const claims = JSON.parse((await erp4.command('evidence', 'claims', '--json')).out) as { claim: string; state: string }[]
  const stateOf = (wanted: string) => claims.find(({ claim }) => claim === wanted)?.state
  assert.deepEqual([stateOf('C02'), stateOf('C10')], ['shown', 'not_shown'], 'a set was proven; there has been no drill')
})

// Alarms and their mail are proven beside their code; this is their whole way.
long('an instance that has had no backup for a day raises an alarm by mail, from a host that people can ask', async () => {
  const { rows } = await host.db.query<{ uuid: string }>(`select uuid from instance where name = 'main'`)
  await host.db.query(`update backup_set set taken = taken - interval '25 hours' where instance = $1`, [rows[0]!.uuid])
  const mail = await eventually('a mail comes', async () => sink.mails.find((one) => one.header('Subject').includes('backup_breach main')))
  assert.deepEqual(mail.to, ['operator@example.com'])
  const told = JSON.parse((await erp4.command('alarms', '--json')).out) as { alarms: { name: string }[] }
  assert.ok(told.alarms.some(({ name }) => name === 'backup_breach'))
})
