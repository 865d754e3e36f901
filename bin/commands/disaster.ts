import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  combineShares,
  demandPlace,
  demandRootOpens,
  isLost,
  openKitStores,
  openRecoveryHome,
  parseKit,
  recover,
  surveyKit,
  type RecoveryJournal,
  type RecoveryKit,
  type StoreReader,
} from '@erp4/ops'
import { erpTasks } from '../erp-tasks.ts'
import { CommandError, Verdict } from '../exit-codes.ts'
import { supervisorOf } from '../home.ts'
import { ensureServiceUsers } from '../os-users.ts'
import { givenRootKey, readSecret } from '../root-key.ts'
import { print, say } from '../terminal.ts'

const options = {
  home: { type: 'string' },
  json: { type: 'boolean', default: false },
  share: { type: 'string', multiple: true },
  instance: { type: 'string', multiple: true },
  workers: { type: 'string', default: '2' },
  continue: { type: 'boolean', default: false },
} as const

/** Brings back every instance of a host that is gone into a new home, from the recovery kit and the stores alone. */
export async function restoreFromKit(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  if (positionals.length !== 1) throw new CommandError('usage', 'Give the file of the recovery kit, and only one.')
  if (!values.home) throw new CommandError('usage', 'Give the folder of the new home with --home: nothing that is there is written over.')
  if (!/^[1-9]\d?$/.test(values.workers)) throw new CommandError('usage', '--workers takes a number from 1 to 99.')
  const kit = parseKit(readSecret(positionals[0]!))
  const root = await rootOf(values.share)
  const place = { folder: values.home, kit, root, isContinued: values.continue }
  demandPlace(place)
  ensureServiceUsers()
  const stores = await openKitStores(kit)
  try {
    const order = { only: values.instance, workers: Number(values.workers) }
    const journal = await bringBack(place, stores, order)
    if (values.json) print(JSON.stringify(journal))
    tellEnd(journal, kit, values.home)
    const failed = journal.items!.filter(({ state }) => state !== 'done')
    if (failed.length)
      throw new Verdict('set_damaged', `${failed.length} instances are not back: ${failed.map(({ name }) => name).join(', ')}.`)
  } finally {
    await Promise.all(stores.map((store) => store.close().catch(() => {}))) // one that is away has nothing to close
  }
}

async function bringBack(
  place: Parameters<typeof openRecoveryHome>[0],
  stores: readonly StoreReader[],
  order: { only: readonly string[] | undefined; workers: number },
): Promise<RecoveryJournal> {
  const { kit, root } = place
  say(`Reading what ${stores.map(({ location }) => location.name).join(', ')} hold of the host ${kit.host}.`)
  const survey = await surveyKit(kit, stores)
  for (const problem of survey.problems) say(`  ${problem}`)
  await demandRootOpens(kit, root, stores, survey)
  const { host, found } = await openRecoveryHome(place, { tell: (step) => say(`  ${step}`) })
  const erp = erpTasks(host)
  try {
    return await recover(host, { ...order, root, stores, survey, erp, tell: (line) => say(`  ${line}`) })
  } finally {
    await erp.close?.()
    await host.close()
    if (found === 'started' && !supervisorOf(host.home)) await host.cluster.stop()
  }
}

async function rootOf(shares: readonly string[] | undefined): Promise<Buffer> {
  const root = shares ? await combineShares(shares.map((file) => readFileText(file)).join('\n')) : await givenRootKey()
  if (root) return root
  throw new CommandError('usage', 'Give the root key: --root-key FILE, or two shares of the kit with --share FILE --share FILE.')
}

function readFileText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new CommandError('not_found', `${file} cannot be read: ${(error as Error).message}`)
  }
}

/** What a person has to know and do now. */
function tellEnd({ items, skipped, problems }: RecoveryJournal, kit: RecoveryKit, folder: string): void {
  const back = items!.filter(({ state }) => state === 'done')
  say(`\n${back.length} of ${items!.length} instances are back.`)
  for (const { instance, why } of skipped) say(`  ${instance} was left alone: ${why}.`)
  for (const problem of problems) say(`  ${problem}`)
  say(`\nNow: erp4 start --home ${folder} serves them; point their host names here.`)
  say('  What was written after each set is lost, and so is what was revoked since: people, keys, rights. Sessions have ended; mail and')
  say('  jobs that were waiting are held in each instance until somebody releases them.')
  say('  The root key is not on this host. Make a new kit with "erp4 keys kit --root-key FILE": this host signs with keys of its own.')
  const bare = kit.locations.filter(({ store }) => store.kind !== 'directory').map(({ name }) => name)
  if (bare.length)
    say(
      `  The kit could only read ${bare.join(', ')}: give credentials to write with "erp4 stores credentials", or nothing is backed up there.`,
    )
  for (const { name } of kit.locations.filter(isLost))
    say(`  ${name} went with the old host; it is a folder of the new home now, which is no other place: move it away.`)
}
