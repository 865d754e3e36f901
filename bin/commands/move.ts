import { readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  declineTicket,
  findInstance,
  finishMove,
  invite,
  longestPaper,
  openHome,
  openPaper,
  ownFingerprint,
  receiveInstance,
  runBackup,
  sendInstance,
  startHost,
  undoMove,
  type Departure,
  type Host,
  type Invitation,
} from '@erp4/ops'
import { erpTasks } from '../erp-tasks.ts'
import { CommandError } from '../exit-codes.ts'
import { homeFolder, renewServices, supervisorOf, withHost } from '../home.ts'
import { freeAddress } from '../new-instance.ts'
import { lendRootKey } from '../root-key.ts'
import { print, say, Steps } from '../terminal.ts'

const home = { type: 'string' } as const
const json = { type: 'boolean', default: false } as const
const there = { as: { type: 'string' }, host: { type: 'string', multiple: true } } as const

/** `erp4 instance move NAME …`: to another home of this machine at once, or in steps to a host elsewhere, and back. */
export async function move(args: readonly string[]): Promise<void> {
  const own = {
    home,
    json,
    ...there,
    confirm: { type: 'string' },
    to: { type: 'string' },
    invitation: { type: 'string' },
    trust: { type: 'string' },
    receipt: { type: 'string' },
    undo: { type: 'boolean', default: false },
    'target-is-gone': { type: 'boolean', default: false },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [name] = positionals
  if (!name || positionals.length > 1) throw new CommandError('usage', 'Give the name of one instance.')
  const ways = [values.to, values.invitation, values.receipt, values.undo || undefined].filter((one) => one !== undefined)
  if (ways.length !== 1) throw new CommandError('usage', 'Say one of --to HOME, --invitation FILE, --receipt FILE and --undo.')
  const { to, invitation, receipt, confirm, trust } = values
  if (to !== undefined) return toHome(name, to, values)
  if (invitation !== undefined)
    return withHost(values.home, async (host) => {
      const { ticket } = await send(host, name, confirm, openPaper<Invitation>(readPaper(invitation), 'erp4 invitation', trust))
      print(ticket)
      say(`${name} is closed here until a receipt says what came of it. Carry the ticket to the target: erp4 instance receive FILE`)
    })
  return withHost(values.home, async (host) => {
    if (receipt === undefined) await undoMove(host, name, { isTargetGone: values['target-is-gone'] })
    const outcome = receipt === undefined ? 'declined' : await finishMove(host, name, readPaper(receipt))
    if (values.json) print(JSON.stringify({ instance: name, outcome }))
    else
      say(
        outcome === 'arrived'
          ? `${name} has moved; what is left of it here goes by itself after 30 days.`
          : `${name} is served here again.`,
      )
  })
}

async function send(host: Host, name: string, confirm: string | undefined, invitation: Invitation): Promise<Departure> {
  const steps = new Steps()
  return sendInstance(host, name, {
    confirm,
    invitation,
    finalBackup: async () => (await runBackup(host, name, { class: 'final', tell: (step) => steps.begin(step) })).id,
  }).finally(() => steps.end())
}

interface There {
  as?: string | undefined
  host?: string[] | undefined
}

/** Both hosts are at hand: whatever fails at the target, the instance is served again where it was. Killed, the same command goes on. */
async function toHome(
  name: string,
  to: string,
  values: There & { home?: string | undefined; json: boolean; confirm?: string | undefined },
): Promise<void> {
  const folder = homeFolder(values.home)
  if (openHome(folder).dir === openHome(to).dir) throw new CommandError('usage', 'An instance moves to another home than its own.')
  await withOpened(folder, (source) =>
    withOpened(to, async (target) => {
      // What makes keys is done at the target alone.
      await lendRootKey(target.keys)
      const invitation = openPaper<Invitation>(invite(target), 'erp4 invitation', ownFingerprint(target))
      const { ticket } = await send(source, name, values.confirm, invitation)
      const trust = ownFingerprint(source)
      try {
        const receipt = await receiveHere(target, ticket, trust, values)
        await finishMove(source, name, receipt)
      } catch (error) {
        const declined = await declineTicket(target, ticket, trust).catch(() => undefined) // it has arrived: the same command ends it
        if (declined) await finishMove(source, name, declined)
        throw error
      }
      const arrived = values.as ?? name
      const { hosts } = await findInstance(target, arrived)
      if (values.json) print(JSON.stringify({ instance: arrived, home: target.home.dir, hosts }))
      else print(`${arrived} is in ${target.home.dir} now, at ${hosts.join(', ')}.`)
    }),
  )
}

/** The host of a home, whoever else is at work there. */
async function withOpened(folder: string, work: (host: Host) => Promise<void>): Promise<void> {
  const { host, found } = await startHost(openHome(folder))
  try {
    await work(host)
  } finally {
    await host.close()
    if (found === 'started' && !supervisorOf(host.home)) await host.cluster.stop()
  }
}

/** `erp4 instance invite`: prints what another host needs to send an instance here. No secret. */
export async function printInvitation(args: readonly string[]): Promise<void> {
  // A paper is a line of JSON in any case.
  const { values } = parseArgs({ args: [...args], options: { home, json } })
  await withHost(values.home, async (host) => {
    print(invite(host))
    say(`This host is ${ownFingerprint(host)}: tell whoever sends, by another way than the invitation goes.`)
  })
}

/** `erp4 instance receive TICKET`: takes an instance in, or declines it, and prints the receipt. */
export async function receive(args: readonly string[]): Promise<void> {
  const own = { home, json, ...there, trust: { type: 'string' }, decline: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [file] = positionals
  if (!file || positionals.length > 1) throw new CommandError('usage', 'Give the file of one ticket.')
  const ticket = readPaper(file)
  await withHost(values.home, async (host) => {
    const tell = (left: string) =>
      say(`Stored by an attempt that failed, and still there: ${left} Decline again when the location is there.`)
    const receipt = values.decline
      ? await declineTicket(host, ticket, values.trust, tell)
      : await receiveHere(host, ticket, values.trust, values)
    print(receipt)
    say(`Carry the receipt to the source: erp4 instance move NAME --receipt FILE`)
  })
}

async function receiveHere(host: Host, ticket: string, trust: string | undefined, { as, host: hosts }: There): Promise<string> {
  await renewServices(host.home)
  const steps = new Steps()
  const erp = erpTasks(host)
  try {
    const at = async (before: readonly string[]) => (hosts?.length ? hosts : hostsHere(host, before, as))
    return await receiveInstance(host, ticket, { trust, name: as, hosts: at, erp, tell: (step) => steps.begin(step) })
  } finally {
    steps.end()
    await erp.close?.()
  }
}

/** Numbers of the other machine's own mean nothing here; `NAME.localhost` follows a new name. */
async function hostsHere(host: Host, before: readonly string[], as: string | undefined): Promise<string[]> {
  const numbers = before.filter((one) => one.startsWith('127.'))
  const names = before.filter((one) => !numbers.includes(one))
  const local = as === undefined ? names : names.map((one) => (one.endsWith('.localhost') ? `${as}.localhost` : one))
  return [...local, ...(numbers.length ? [await freeAddress(host)] : [])]
}

/** `-` is standard input. */
function readPaper(file: string): string {
  try {
    if (file !== '-' && statSync(file).size > longestPaper) throw new Error('it is too long')
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CommandError('not_found', `${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
