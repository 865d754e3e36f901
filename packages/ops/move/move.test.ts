import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { listBackups } from '../backup/catalogue.ts'
import { runBackup } from '../backup/set.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { dueDeletions, finishDeletion, holdInstance, releaseInstance } from '../instances-deletion.ts'
import { connectAs, findInstance, listInstances, suspendInstance, type Instance } from '../instances.ts'
import type { Host } from '../host.ts'
import { finishInterrupted } from '../interrupted.ts'
import { listKeyObjects } from '../keys/objects.ts'
import { withClient } from '../provision.ts'
import { opens, rehearsedErp } from '../restore/fixtures/erp.ts'
import { directoryOf, readRegister, writeRegister } from '../stores/locations.ts'
import { openStores } from '../stores/open.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { invite, openPaper, openSealed, ownFingerprint, type Invitation, type Receipt, type Ticket } from './papers.ts'
import { declineTicket, receiveInstance, type ReceiveOrder } from './receive.ts'
import { finishMove, moveFinishers, sendInstance, undoMove, type Departure } from './send.ts'

// Two hosts that share nothing but the locations of the first one, which the second can read, and what is carried between them.

let here: Throwaway
let there: Throwaway
let count = 0
before(async () => {
  ;[here, there] = await Promise.all([startThrowawayCluster({ own: true }), startThrowawayCluster({ own: true })])
})
after(() => Promise.all([here.stop(), there.stop()]))

async function made(name = `moved-${++count}`): Promise<Instance> {
  const instance = await makeWorld(here.host, name)
  await asOwner(here.host, instance, (db) => putFile(here.host, instance, 'a', Buffer.from(`a file of ${name}`), db))
  return instance
}

const invitation = (): Invitation => openPaper(invite(there.host), 'erp4 invitation', ownFingerprint(there.host))

const send = (name: string, change: { invitation?: Invitation; confirm?: string } = {}): Promise<Departure> =>
  sendInstance(here.host, name, {
    confirm: name,
    invitation: invitation(),
    finalBackup: async () => {
      await asOwner(here.host, await findInstance(here.host, name), (db) =>
        db.query(`insert into partner (name) values ('of the last moment')`),
      )
      return (await runBackup(here.host, name, { class: 'final' })).id
    },
    ...change,
  })

const receive = (ticket: string, change: Partial<ReceiveOrder> & { at?: Host } = {}): Promise<string> => {
  const { at = there.host, ...order } = change
  return receiveInstance(at, ticket, { trust: ownFingerprint(here.host), hosts: async (before) => before, erp: rehearsedErp(at), ...order })
}

const partners = async (host: Host, name: string): Promise<string[]> => {
  const { rows } = await asOwner(host, await findInstance(host, name), (db) =>
    db.query<{ name: string }>('select name from partner order by id'),
  )
  return rows.map((row) => row.name)
}

const isServed = async (host: Host, instance: Pick<Instance, 'uuid' | 'database'>): Promise<boolean> =>
  withClient(await connectAs(host, instance, 'runtime'), async () => true).catch((error: { code?: string }) => {
    assert.equal(error.code, '42501')
    return false
  })

/** Nothing of an instance is left on a host: no row, database, role, key or file. */
async function demandNothing(host: Host, { uuid }: Pick<Instance, 'uuid'>): Promise<void> {
  assert.ok(!(await listInstances(host)).some((one) => one.uuid === uuid))
  const { rows } = await host.db.query<{ count: number }>(
    `select (select count(*) from pg_database where starts_with(datname, $1))::int + (select count(*) from pg_roles where starts_with(rolname, $1))::int as count`,
    [`i_${uuid.replaceAll('-', '')}`],
  )
  assert.equal(rows[0]!.count, 0)
  for (const place of [join(host.home.keys, 'host'), join(host.home.keys, 'instances'), host.home.files])
    assert.ok(!existsSync(join(place, uuid)))
}

/** Nothing of an instance is left in the locations of a host either: no key, and no set. */
async function demandNothingStored(host: Host, { uuid }: Pick<Instance, 'uuid'>): Promise<void> {
  for (const store of await openStores(host.home, 'read')) {
    assert.deepEqual(await listKeyObjects(store, uuid), [], store.location.name)
    assert.deepEqual((await store.list(`v1/${uuid}/`)).objects, [], store.location.name)
  }
}

test('an instance moves with every row, file and host name; its source refuses from the first moment, and its target has keys of its own', async () => {
  const instance = await made('azure')
  const departure = await send('azure')
  assert.equal((await findInstance(here.host, 'azure')).state, 'moving')
  assert.equal(await isServed(here.host, instance), false)
  await assert.rejects(suspendInstance(here.host, 'azure'), { code: 'refused', message: /on its way/ })
  assert.equal((await send('azure')).ticket, departure.ticket, 'sent again, it is the same ticket')

  const erp = rehearsedErp(there.host)
  const receipt = await receive(departure.ticket, { erp })
  const arrived = await findInstance(there.host, 'azure')
  assert.deepEqual(
    [arrived.uuid, arrived.state, arrived.kind, arrived.generation, arrived.hosts, arrived.keyVersion],
    [instance.uuid, 'ready', 'live', instance.generation + 1, instance.hosts, 2],
  )
  assert.deepEqual(erp.asked, ['migrate', 'rewrap'], 'nothing was lost: it has not travelled in time')
  assert.equal((await partners(there.host, 'azure')).at(-1), 'of the last moment')
  assert.deepEqual(there.host.keys.versions(instance.uuid), [2], 'keys of the source are not kept')
  const { rows } = await asOwner(there.host, arrived, (db) =>
    db.query<{ hash: string; wrapped: Buffer }>('select hash, wrapped_key as wrapped from blob'),
  )
  for (const { hash, wrapped } of rows)
    assert.ok(opens(there.host.keys.everyVersion(instance.uuid, 'files')[0]!, { instance: instance.uuid, name: hash }, wrapped))
  const [set] = await listBackups(there.host, 'azure')
  assert.deepEqual([set!.counts, set!.proven !== null], [true, true])
  for (const store of await openStores(there.host.home, 'read')) assert.deepEqual(await listKeyObjects(store, instance.uuid), [2])

  assert.equal(
    await receive(departure.ticket).then((one) => openPaper<Receipt>(one, 'erp4 receipt', ownFingerprint(there.host)).outcome),
    'arrived',
  )
  assert.equal(await finishMove(here.host, 'azure', receipt), 'arrived')
  const left = await findInstance(here.host, 'azure')
  assert.deepEqual([left.state, left.hosts, await isServed(here.host, instance)], ['moved', [], false])
  await assert.rejects(undoMove(here.host, 'azure', { isTargetGone: true }), { code: 'refused' })
  assert.equal((await findInstance(here.host, 'azure')).state, 'moved')
})

test('what is left at the source goes after its time with the keys that it had there, and none that it has where it is now', async () => {
  const instance = await made()
  // One location is both hosts': the target's key lies there beside the source's.
  const register = readRegister(here.host.home)
  const shared = directoryOf(here.host.home, register.locations[0]!.store as { path: string })
  const own = readRegister(there.host.home)
  const [first, ...others] = own.locations
  writeRegister(there.host.home, { ...own, locations: [{ ...first!, store: { kind: 'directory', path: shared } }, ...others] })
  try {
    await finishMove(here.host, instance.name, await receive((await send(instance.name)).ticket))
    const objects = async () => listKeyObjects((await openStores(here.host.home, 'read'))[0]!, instance.uuid)
    assert.deepEqual(await objects(), [1, 2])
    assert.deepEqual(await dueDeletions(here.host), [])
    await here.host.db.query(`update instance set delete_after = now() where uuid = $1`, [instance.uuid])
    for (const due of await dueDeletions(here.host)) await finishDeletion(here.host, due)
    await demandNothing(here.host, instance)
    assert.deepEqual(await objects(), [2])
    assert.equal((await runBackup(there.host, instance.name)).counts, true)
  } finally {
    writeRegister(there.host.home, own)
  }
})

for (const [what, change] of [
  ['its content is not what was backed up', { rewrap: async () => 0 }],
  ['its migration fails', { migrate: () => Promise.reject(new Error('no such column')) }],
] as [string, Partial<ErpTasks>][])
  test(`where ${what}, nothing stays at the target, and declined it goes on at its source`, async () => {
    const instance = await made()
    const { ticket } = await send(instance.name)
    await assert.rejects(receive(ticket, { erp: rehearsedErp(there.host, change) }))
    await demandNothing(there.host, instance)
    await demandNothingStored(there.host, instance)
    await assert.rejects(undoMove(here.host, instance.name, { isTargetGone: false }), { code: 'refused', message: /decline/ })
    assert.equal(await isServed(here.host, instance), false, 'until the target has said so')
    assert.equal(await finishMove(here.host, instance.name, await declineTicket(there.host, ticket, ownFingerprint(here.host))), 'declined')
    assert.equal((await findInstance(here.host, instance.name)).state, 'ready')
    assert.equal(await isServed(here.host, instance), true)
    await assert.rejects(receive(ticket), { code: 'refused', message: /void/ })
    await demandNothing(there.host, instance)
  })

test('what a failed arrival stored where it can no longer be reached is told, and cleared away when it is declined', async () => {
  const instance = await made()
  const { ticket } = await send(instance.name)
  const [away] = readRegister(there.host.home).locations
  const folder = directoryOf(there.host.home, away!.store as { path: string })
  // The proof reads from one of the locations that are left; what it finds is not what was backed up.
  const erp = rehearsedErp(there.host, { rewrap: async () => 0 })
  const lost = receive(ticket, { erp, tell: (step) => step.startsWith('Restoring that') && renameSync(folder, `${folder}.away`) })
  await assert.rejects(lost, { message: new RegExp(`could not be cleared away .*${away!.name}.*--decline`) })
  renameSync(`${folder}.away`, folder)
  await demandNothing(there.host, instance)
  const [first] = await openStores(there.host.home, 'read')
  assert.equal((await listKeyObjects(first!, instance.uuid)).length, 1)

  const told: string[] = []
  const receipt = await declineTicket(there.host, ticket, ownFingerprint(here.host), (left) => told.push(left))
  assert.deepEqual(told, [])
  await demandNothingStored(there.host, instance)
  assert.equal(await finishMove(here.host, instance.name, receipt), 'declined')
})

test('a ticket that is altered, another host’s, sealed to somebody else, expired or of a stranger brings nothing in', async () => {
  const instance = await made()
  const { ticket } = await send(instance.name)
  const outer = JSON.parse(ticket) as { payload: string; keyid: string; sig: string }
  const payload = JSON.parse(Buffer.from(outer.payload, 'base64').toString()) as Ticket
  const resigned = (by: Host, change: Partial<Ticket>): string => {
    const bytes = Buffer.from(JSON.stringify({ ...payload, ...change }))
    const signer = by.keys.signer('host')
    return JSON.stringify({ payload: bytes.toString('base64'), keyid: signer.keyId, sig: signer.sign(bytes).toString('base64') })
  }
  const refused = (line: string, how: object, change: Partial<ReceiveOrder> = {}) => assert.rejects(receive(line, change), how)
  await refused(ticket, { code: 'refused', message: /--trust/ }, { trust: undefined })
  await refused(ticket, { code: 'refused', message: /another host than the one you trust/ }, { trust: ownFingerprint(there.host) })
  for (const junk of ['', '{}', 'x'.repeat(100), '[]', ticket.slice(0, -20)]) await refused(junk, { code: 'refused' })
  await refused(JSON.stringify({ ...outer, payload: Buffer.from(JSON.stringify({ ...payload, set: 'other' })).toString('base64') }), {
    code: 'refused',
  })
  // By the source's own hand, what is wrong in itself:
  await refused(resigned(here.host, { to: here.host.home.id }), { code: 'refused', message: /is for the host/ })
  await refused(resigned(here.host, { expires: '2020-01-01T00:00:00.000Z' }), { code: 'refused', message: /expired/ })
  await refused(resigned(here.host, { instance: (await made()).uuid }), { code: 'set_damaged' })
  const flipped = Buffer.from(payload.sealed, 'base64')
  flipped[40]! ^= 1
  await refused(resigned(here.host, { sealed: flipped.toString('base64') }), { code: 'key_wrong' })
  // A stranger who takes the source's name but has another key.
  await refused(resigned(there.host, {}), { code: 'refused' })
  // Nobody but the target opens it, the source no more than the carrier.
  assert.throws(() => openSealed(here.host.home, Buffer.from(payload.sealed, 'base64')), { code: 'key_wrong' })
  assert.ok(
    !Buffer.from(payload.sealed, 'base64').includes('privateKey') &&
      !ticket.includes(here.host.keys.exportInstanceKeys(instance.uuid)[0]!.key.toString('base64')),
  )
  await demandNothing(there.host, instance)
  await undoMove(here.host, instance.name, { isTargetGone: true })
})

test('a receipt of another move or by another host ends nothing', async () => {
  const [one, other] = [await made(), await made()]
  const [first, second] = [await send(one.name), await send(other.name)]
  const declined = await declineTicket(there.host, second.ticket, ownFingerprint(here.host))
  await assert.rejects(finishMove(here.host, one.name, declined), { code: 'refused', message: /another move/ })
  const forged = JSON.parse(await declineTicket(there.host, first.ticket, ownFingerprint(here.host))) as { payload: string }
  const arrived = Buffer.from(Buffer.from(forged.payload, 'base64').toString().replace('declined', 'arrived')).toString('base64')
  await assert.rejects(finishMove(here.host, one.name, JSON.stringify({ ...forged, payload: arrived })), { code: 'refused' })
  assert.equal((await findInstance(here.host, one.name)).state, 'moving')
  for (const name of [one.name, other.name]) await undoMove(here.host, name, { isTargetGone: true })
})

test('what is held, copied, unconfirmed or without a backup does not move, and is served as before', async () => {
  const instance = await made()
  const { name } = instance
  await assert.rejects(send(name, { confirm: 'other' }), { code: 'not_confirmed' })
  await holdInstance(here.host, name, 'a court')
  await assert.rejects(send(name), { code: 'legal_hold' })
  await releaseInstance(here.host, name)
  await assert.rejects(
    sendInstance(here.host, name, { confirm: name, invitation: invitation(), finalBackup: () => Promise.reject(new Error('no store')) }),
    /no store/,
  )
  await assert.rejects(send(name, { invitation: openPaper(invite(here.host), 'erp4 invitation', ownFingerprint(here.host)) }), {
    code: 'refused',
  })
  assert.deepEqual([(await findInstance(here.host, name)).state, await isServed(here.host, instance)], ['ready', true])
})

test('an instance that went comes back, by a way that was suspended it stays suspended', async () => {
  const instance = await made()
  const { name } = instance
  await suspendInstance(here.host, name)
  await finishMove(here.host, name, await receive((await send(name)).ticket))
  assert.ok((await findInstance(there.host, name)).suspended)
  const back = await sendInstance(there.host, name, {
    confirm: name,
    invitation: openPaper(invite(here.host), 'erp4 invitation', ownFingerprint(here.host)),
    finalBackup: async () => (await runBackup(there.host, name, { class: 'final' })).id,
  })
  await finishMove(there.host, name, await receive(back.ticket, { at: here.host, trust: ownFingerprint(there.host) }))
  const { state, suspended, generation, keyVersion } = await findInstance(here.host, name)
  assert.deepEqual([state, suspended !== null, generation, keyVersion], ['ready', true, instance.generation + 2, 3])
  assert.equal((await partners(here.host, name)).at(-1), 'of the last moment')
  assert.equal((await runBackup(here.host, name)).counts, true)
})

test('killed before its ticket was written a move is undone at the next start; killed at the target nothing of it stays there, and it can be taken again', async () => {
  const instance = await made()
  const { name, uuid } = instance
  const ticketAt = join(mkdtempSync(join(tmpdir(), 'erp4-move-')), 'ticket')
  const program = join(import.meta.dirname, 'fixtures', 'move.ts')
  const killed = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  writeFileSync(ticketAt, invite(there.host))
  await killed('send', here.host.home.dir, name, ticketAt, ownFingerprint(there.host))
  assert.equal((await findInstance(here.host, name)).state, 'moving')
  assert.equal(await isServed(here.host, instance), false)
  const [finished] = await finishInterrupted(here.host, moveFinishers).then((all) => all.filter(({ record }) => record.kind === 'move'))
  assert.deepEqual([finished!.record.subject, finished!.result], [uuid, 'undone'])
  assert.equal(await isServed(here.host, instance), true)
  await here.host.db.query(`update backup_set set state = 'failed' where instance = $1 and state <> 'published'`, [uuid])

  const { ticket } = await send(name)
  writeFileSync(ticketAt, ticket)
  await killed('receive', there.host.home.dir, ticketAt, ownFingerprint(here.host))
  assert.equal((await findInstance(there.host, name)).state, 'creating')
  const receipt = await receive(ticket)
  assert.equal((await findInstance(there.host, name)).state, 'ready')
  assert.equal(await finishMove(here.host, name, receipt), 'arrived')
  rmSync(join(ticketAt, '..'), { recursive: true })
})
