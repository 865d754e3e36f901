import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { smtpSink, type SmtpSink } from '@erp4/testing'
import { runBackup } from '../backup/set.ts'
import { makeWorld } from '../backup/fixtures/world.ts'
import { evidenceFiles, evidenceFolder, record } from '../evidence/chain.ts'
import { listEvidence } from '../evidence/reading.ts'
import { connectAs, type Instance } from '../instances.ts'
import { withClient } from '../provision.ts'
import { directoryOf, readRegister } from '../stores/locations.ts'
import { repair } from '../stores/scrub.ts'
import { discardInstance, startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { beat } from './facts.ts'
import { alarmLimits } from './judge.ts'
import { alarmMailOf, sendMails, waitingMails } from './mail.ts'
import { testAlarmMail } from './mail-test.ts'
import { keepAlarms, listAlarms } from './state.ts'
import { settle, watchAlarms, type WatchOrder } from './watch.ts'

let world: Throwaway
let ann: Instance
let sink: SmtpSink
const started = new Date()

before(async () => {
  world = await startThrowawayCluster({ own: true })
  ann = await makeWorld(world.host, 'ann')
})
after(() => world.stop())
afterEach(() => sink.close())
beforeEach(async () => {
  keepAlarms(world.host.home, [])
  beatNow(new Date())
  sink = await smtpSink()
})

const hours = (count: number): Date => new Date(Date.now() + count * 3_600_000)
const beatNow = (at: Date): void => beat(world.host.home, { decided: at.toISOString(), pid: process.pid, doing: [] })
const watching = (change: Partial<WatchOrder> = {}): WatchOrder => ({
  host: world.host,
  since: started,
  mail: { url: `smtp+plain://127.0.0.1:${sink.port}`, from: 'erp4@host', to: ['ops@example.com', 'night@example.com'] },
  ...change,
})

/** Looks once, with the agent alive, and gives the names of what is up. */
async function look(at = new Date(), deep = true, change: Partial<WatchOrder> = {}): Promise<string[]> {
  beatNow(at)
  await watchAlarms(watching(change), at, deep)
  return listAlarms(world.host.home).map(({ name }) => name)
}

const tableNames = async (): Promise<string[]> =>
  (await world.host.db.query('select name from alarm order by name')).rows.map(({ name }) => name as string)
const prove = (set: string) => world.host.db.query('update backup_set set proven = now() where id = $1', [set])

test('a fresh and proven backup raises no alarm; as it ages one is raised at 20 hours, and the breach at 24, by mail to everybody', async () => {
  const set = await runBackup(world.host, 'ann', { class: 'scheduled' })
  await prove(set.id)
  assert.deepEqual(await look(), [])
  assert.deepEqual(await look(hours(20.5)), ['backup_old'])
  assert.deepEqual(await look(hours(21)), ['backup_old'])
  assert.deepEqual(await look(hours(24.5)), ['backup_breach'])
  assert.deepEqual(await tableNames(), ['backup_breach'])
  const mails = await sink.received(2)
  assert.equal(mails.length, 2, 'one for each change, none for what goes on')
  assert.deepEqual(mails[0]!.to, ['ops@example.com', 'night@example.com'])
  assert.match(mails[0]!.header('Subject'), /ALARM: backup_old ann/)
  assert.match(mails[1]!.header('Subject'), /ALARM: backup_breach ann and 1 more/)
})

test('a suspended instance goes on being watched', async () => {
  await world.host.db.query('update instance set suspended = now() where uuid = $1', [ann.uuid])
  assert.deepEqual(await look(hours(25)), ['backup_breach'])
  await world.host.db.query('update instance set suspended = null where uuid = $1', [ann.uuid])
})

test('an alarm that stays up is mailed again each day, and its end once', async () => {
  await look(hours(25))
  await look(hours(26))
  await look(hours(48.9))
  assert.equal(sink.mails.length, 1)
  await look(hours(49.1))
  assert.equal(sink.mails.length, 2)
  await look()
  const mails = await sink.received(3)
  assert.match(mails[2]!.header('Subject'), /over: backup_breach ann/)
  await look()
  assert.equal(sink.mails.length, 3)
})

test('a database that lost nine tenths of its rows raises an alarm with its next backup', async () => {
  const bob = await makeWorld(world.host, 'bob')
  const owner = await connectAs(world.host, bob, 'owner')
  await withClient(owner, (db) => db.query(`insert into odd select md5(i::text || random()), null from generate_series(1, 60000) i`))
  await prove((await runBackup(world.host, 'bob', { class: 'scheduled' })).id)
  assert.deepEqual(await look(), [])
  await withClient(owner, (db) => db.query('truncate odd'))
  const { id } = await runBackup(world.host, 'bob', { class: 'scheduled' })
  await prove(id)
  assert.deepEqual(await look(), ['backup_shrunk'])
  // And a part of no bytes, as a truncated dump would leave it.
  await world.host.db.query(
    `update backup_set set manifest = jsonb_set(manifest::jsonb, '{parts,0,plain_bytes}', '0')::text where id = $1`,
    [id],
  )
  assert.deepEqual((await look()).sort(), ['backup_empty', 'backup_shrunk'])
  await discardInstance(world.host, 'bob')
  assert.deepEqual(await look(), [], 'an instance that is gone has no alarms')
})

test('a location that is away while a backup is made is degraded, and well when the copy was repaired', async () => {
  const { home } = world.host
  const us = readRegister(home).locations.find(({ name }) => name === 'us-1')!
  const root = directoryOf(home, us.store as { path: string })
  renameSync(root, `${root}.away`)
  await prove((await runBackup(world.host, 'ann', { class: 'scheduled' })).id)
  assert.deepEqual(await look(hours(0.3)), ['location_degraded'])
  assert.match(listAlarms(home)[0]!.detail, /us-1 lacks 1 copies/)
  renameSync(`${root}.away`, root)
  await repair(world.host)
  assert.deepEqual(await look(hours(0.3)), [])
})

test('two backups that fail in a row raise an alarm', async () => {
  const { home } = world.host
  const roots = readRegister(home).locations.map(({ store }) => directoryOf(home, store as { path: string }))
  for (const root of roots) renameSync(root, `${root}.away`)
  for (let attempt = 0; attempt < 2; attempt++)
    await assert.rejects(runBackup(world.host, 'ann', { class: 'scheduled' }), { code: 'store_failed' })
  const up = await look()
  for (const root of roots) renameSync(`${root}.away`, root)
  assert.deepEqual(up, ['backup_failing'])
  await prove((await runBackup(world.host, 'ann', { class: 'scheduled' })).id)
  assert.deepEqual(await look(), [])
})

test('a failed restore test raises an alarm until one passes; one that could not be done says nothing', async () => {
  const test = (result: 'pass' | 'fail' | 'error') =>
    record(world.host, {
      check: 'backup.restore_test',
      subject: { type: 'instance', id: ann.uuid },
      started: new Date(),
      result,
      reason: 'Rows of partner are missing.',
    })
  test('fail')
  assert.deepEqual(await look(), ['certificate_failed'])
  test('error')
  assert.deepEqual(await look(), ['certificate_failed'])
  test('pass')
  assert.deepEqual(await look(), [])
})

for (const [check, alarm, subject] of [
  ['retention.prune', 'retention_refused', { type: 'location', id: 'eu-1' }],
  ['restore.rehearsal', 'rehearsal_failed', { type: 'host', id: 'this one' }],
  ['download.rehearsal', 'rehearsal_failed', { type: 'host', id: 'this one' }],
] as const)
  test(`a ${check} that did not pass raises ${alarm} until one does`, async () => {
    const checked = (result: 'pass' | 'fail' | 'error') =>
      record(world.host, { check, subject, started: new Date(), result, reason: 'This is why.' })
    checked('fail')
    assert.deepEqual(await look(), [alarm])
    assert.match(listAlarms(world.host.home)[0]!.detail, /This is why\./)
    checked('error')
    assert.deepEqual(await look(), [alarm])
    checked('pass')
    assert.deepEqual(await look(), [])
  })

test('evidence that somebody changed raises an alarm', async () => {
  const file = join(evidenceFolder(world.host.home), evidenceFiles(world.host.home).at(-1)!)
  const content = readFileSync(file)
  truncateSync(file, content.indexOf(0x0a) + 1)
  assert.ok((await look()).includes('evidence_broken'))
  writeFileSync(file, content)
  assert.deepEqual(await look(), [])
})

test('a scheduler that decides nothing raises an alarm although nothing failed, told by whoever still lives', async () => {
  beatNow(hours(-1))
  const { home } = world.host
  await settle({ host: { home }, mail: watching().mail }, { scheduler: { decided: hours(-1), since: started } }, new Date())
  assert.deepEqual(
    listAlarms(home).map(({ name }) => name),
    ['scheduler_silent'],
  )
  assert.match((await sink.received(1))[0]!.source, /no backups are made/)
})

test('a disk with less room than it should have, and a drill that is overdue, raise alarms', async () => {
  const up = await look(new Date(), true, { limits: { ...alarmLimits, freeBytes: Number.MAX_SAFE_INTEGER }, since: hours(-91 * 24) })
  assert.deepEqual(up.sort(), ['disk_low', 'drill_overdue'])
})

test('with the mail server down a mail waits in the spool, and leaves when it is up again', async () => {
  const away = { url: 'smtp+plain://127.0.0.1:9', from: 'erp4@host', to: ['ops@example.com'] }
  await look(hours(25), false, { mail: away })
  assert.equal(waitingMails(world.host.home), 1)
  sink.answer = 'later'
  assert.equal((await sendMails(world.host.home, watching().mail!)).sent, 0)
  assert.equal(waitingMails(world.host.home), 1)
  sink.answer = 'accept'
  await look(hours(25), false)
  assert.equal((await sink.received(1)).length, 1)
  assert.equal(waitingMails(world.host.home), 0)
  assert.equal(readdirSync(join(world.host.home.dir, 'alarms', 'mail')).length, 0)
})

test('with PostgreSQL down the alarm is raised and mailed all the same, and what only the registry knows stays as it was', async () => {
  assert.deepEqual(await look(hours(25), false), ['backup_breach'])
  await world.cluster.stop('immediate')
  try {
    assert.deepEqual((await look(hours(25), true)).sort(), ['backup_breach', 'registry_down'])
    const mails = await sink.received(2)
    assert.match(mails[1]!.header('Subject'), /registry_down host/)
  } finally {
    await world.cluster.start()
  }
  assert.deepEqual(await look(hours(25), false), ['backup_breach'])
})

test('the weekly test mail leaves a pass when the server took it, a failure when not, and is skipped where nothing is set', async () => {
  const results = () => listEvidence(world.host.home, { check: 'alarms.test' }).map(({ result }) => result)
  await testAlarmMail(world.host, undefined)
  await testAlarmMail(world.host, watching().mail)
  assert.match((await sink.received(1))[0]!.header('Subject'), /weekly test/)
  sink.answer = 'never'
  await assert.rejects(testAlarmMail(world.host, watching().mail), { code: 'refused' })
  assert.deepEqual(results(), ['skipped', 'pass', 'fail'])
  sink.answer = 'accept'
  await testAlarmMail(world.host, watching().mail)
  assert.equal(waitingMails(world.host.home), 0)
})

for (const [environment, wanted] of [
  [{}, undefined],
  [{ ERP4_ALARM_SMTP_URL: 'smtps://h:1' }, undefined],
  [
    { ERP4_ALARM_SMTP_URL: 'smtps://u:p@h:1', ERP4_ALARM_TO: 'a@b, c@d', ERP4_ALARM_FROM: 'x@y' },
    { url: 'smtps://u:p@h:1', from: 'x@y', to: ['a@b', 'c@d'] },
  ],
] as const) {
  test(`the settings ${JSON.stringify(environment)} mean ${JSON.stringify(wanted)}`, () =>
    assert.deepEqual(alarmMailOf(environment), wanted))
}

test('a mail server under an unknown kind of address is refused', () => {
  assert.throws(() => alarmMailOf({ ERP4_ALARM_SMTP_URL: 'http://mail', ERP4_ALARM_TO: 'a@b' }), { code: 'refused' })
})
