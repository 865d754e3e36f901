import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import {
  combineShares,
  hasRoot,
  HostKeys,
  isRootRotating,
  kitText,
  listInstances,
  listShreddings,
  makeKit,
  openHome,
  openStores,
  OpsError,
  ownFingerprint,
  removeRoot,
  rootFacts,
  retireInstanceKeys,
  rotateHostKey,
  rotateHostLogins,
  rotateInstanceKey,
  rotatePasswords,
  rotateRoot,
  rotateSigner,
  signerPurposes,
  trustedKeys,
  waitsFor,
  type Host,
  type Instance,
} from '@erp4/ops'
import { erpTasks } from '../erp-tasks.ts'
import { CommandError } from '../exit-codes.ts'
import { giveServicesNewKeys, homeFolder, withHost } from '../home.ts'
import { release } from '../release.ts'
import { lendRootKey, readSecret } from '../root-key.ts'
import { answer, print, say } from '../terminal.ts'

const options = { home: { type: 'string' }, json: { type: 'boolean', default: false } } as const

/** What keys there are, where the root key is, whose signatures count, what of shredded keys is waited for. No secret is shown. */
export async function show(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  const facts = await withHost(values.home, inventory)
  if (values.json) return print(JSON.stringify(facts))
  const { root } = facts
  print(`host ${facts.host}`)
  print(
    `root key ${root.id} since ${root.since.slice(0, 10)}, ${root.here ? 'on this host: erp4 keys eject takes it off' : 'not on this host'}`,
  )
  if (root.rotating) print('  its rotation was interrupted: run erp4 keys rotate root again')
  print(`fingerprint ${facts.fingerprint}: compare it when an instance moves`)
  print(`signs as ${Object.values(facts.signing).join(' and ')}; trusts ${facts.trusted.join(', ')}`)
  for (const { name, version, backups } of facts.instances) print(`${name.padEnd(16)} key version ${version}; new backups use ${backups}`)
  for (const { instance, asked, done, waitsFor: reasons } of facts.shredded)
    print(`${instance} shredded on ${asked.slice(0, 10)}; ${done ? `no copy is left since ${done.slice(0, 10)}` : reasons.join('; ')}`)
}

async function inventory(host: Host) {
  const { home, keys } = host
  return {
    host: home.id,
    root: { ...rootFacts(home), here: hasRoot(home), rotating: isRootRotating(home) },
    fingerprint: ownFingerprint(host),
    signing: Object.fromEntries(signerPurposes.map((purpose) => [purpose, keys.signer(purpose).keyId])),
    trusted: Object.keys(trustedKeys(home)),
    instances: (await chosen(host, [])).map(({ name, uuid, keyVersion }) => ({
      name,
      uuid,
      version: keyVersion,
      backups: keys.backupKey(uuid).version,
    })),
    shredded: listShreddings(home).map((one) => ({
      instance: one.instance,
      asked: one.asked,
      done: one.done,
      waitsFor: waitsFor(home, one),
    })),
  }
}

/** Prints the recovery kit: three shares, any two of which are the root key, and where and whom it is good for. */
export async function kit(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  const made = await makeKitOf(values.home)
  print(values.json ? JSON.stringify(made) : kitText(made))
  if (!values.json) say('\nKeep the three sheets in three places. They were shown once; another kit has other shares of the same key.')
}

/** Takes the root key off this host, once two shares of a kit were read back. */
export async function eject(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { ...options, shares: { type: 'string' } } })
  const home = openHome(homeFolder(values.home))
  const { root } = HostKeys.open(home)
  if (!hasRoot(home)) throw new CommandError('refused', `The root key ${rootFacts(home).id} is not on this host any more.`)
  if (isRootRotating(home)) throw new CommandError('refused', 'The root key is being rotated: end that first with erp4 keys rotate root.')
  const shares = values.shares === undefined ? await askShares(values.home) : readSecret(values.shares)
  // Only what somebody has outside and could read is a root key that may be taken away here.
  if (!(await combineShares(shares)).equals(root))
    throw new CommandError('key_wrong', 'These shares make another root key: nothing was changed.')
  removeRoot(home)
  if (values.json) print(JSON.stringify({ ejected: rootFacts(home).id }))
  else say(`The root key ${rootFacts(home).id} has left this host. Making, duplicating and rotating needs it: --root-key FILE.`)
}

async function askShares(folder: string | undefined): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CommandError(
      'not_confirmed',
      'Two shares must be read back: give them with --shares FILE, from "erp4 keys kit", a line each.',
    )
  print(kitText(await makeKitOf(folder)))
  say('\nPrint the three sheets, then type two of the shares from the paper.')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return `${await terminal.question('One share: ')}\n${await terminal.question('Another one: ')}`
  } finally {
    terminal.close()
  }
}

async function makeKitOf(folder: string | undefined) {
  const home = openHome(homeFolder(folder))
  const keys = HostKeys.open(home)
  await lendRootKey(keys)
  return makeKit({ home, keys }, keys.root, release())
}

/** Rotates keys: root | host | instance [NAME]… | logins | signer. */
export async function rotate(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [what, ...names] = positionals
  const tell = (result: object, sentence: string) => answer(values.json, result, sentence)
  await withHost(values.home, async (host) => {
    switch (what) {
      case 'root': {
        const done = await rotateRootOf(host)
        return tell(
          done,
          `The root key is ${done.fresh} now; ${done.old} opens nothing any more. It lies on this host: erp4 keys eject, and burn the old kit.`,
        )
      }
      case 'instance':
        return rotateInstances(host, await chosen(host, names), tell)
      case 'logins': {
        for (const { name } of await chosen(host, [])) await rotatePasswords(host, name)
        const logins = await rotateHostLogins(host)
        await giveServicesNewKeys(host.home)
        return tell({ logins }, `New passwords: ${logins.join(', ')}, and the roles of every instance.`)
      }
      case 'host': {
        const done = await rotateHostKey(host)
        await giveServicesNewKeys(host.home)
        return tell(
          done,
          `The host key is ${done.fresh} now; ${done.old} opens nothing any more. Put keys/host.key where its safe copy was.`,
        )
      }
      case 'signer': {
        const ids = signerPurposes.map((purpose) => rotateSigner(host.home, purpose).keyId)
        return tell({ ids }, `Signs as ${ids.join(' and ')} from now on; what the old keys signed still counts. Make a new recovery kit.`)
      }
      default:
        throw new CommandError('usage', 'Say what to rotate: root, host, instance [NAME]…, logins or signer.')
    }
  })
}

async function rotateRootOf(host: Host) {
  const { home } = host
  const [readers, writers, pruners] = await Promise.all([openStores(home, 'read'), openStores(home, 'write'), openStores(home, 'prune')])
  try {
    return await rotateRoot(
      host,
      readers.map((reader, index) => ({ reader, writer: writers[index]!, pruner: pruners[index]! })),
    )
  } finally {
    await Promise.all([...readers, ...writers, ...pruners].map((store) => store.close()))
  }
}

async function rotateInstances(
  host: Host,
  instances: readonly Instance[],
  tell: (result: object, sentence: string) => void,
): Promise<void> {
  const writers = await openStores(host.home, 'write')
  const erp = erpTasks(host)
  try {
    for (const { name, uuid } of instances) {
      const { version, locations, rewrapped } = await rotateInstanceKey(host, uuid, writers, erp)
      const missing = locations.filter(({ error }) => error).map(({ location }) => location)
      const later = missing.length ? ` ${missing.join(', ')} will have it with the next set.` : ''
      tell(
        { instance: name, version, rewrapped, missing },
        `${name} uses version ${version} of its key, for ${rewrapped} files too; older sets keep theirs.${later} Once they are gone: erp4 keys retire ${name}`,
      )
    }
  } finally {
    await erp.close?.()
    await Promise.all(writers.map((store) => store.close()))
  }
}

/** Destroys versions of instances' keys that nothing is sealed with any more, of the named ones or of all. */
export async function retire(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  await withHost(values.home, async (host) => {
    const [readers, pruners] = await Promise.all([openStores(host.home, 'read'), openStores(host.home, 'prune')])
    const erp = erpTasks(host)
    try {
      for (const { name, uuid } of await chosen(host, positionals)) {
        const { retired, kept } = await retireInstanceKeys(host, uuid, { readers, pruners }, erp)
        if (values.json) print(JSON.stringify({ instance: name, retired, kept }))
        else
          print(
            `${name.padEnd(16)} ${tellRetired(retired)}${kept.map(({ version, sets }) => `; ${sets} sets need version ${version}`).join('')}`,
          )
      }
    } finally {
      await erp.close?.()
      await Promise.all([...readers, ...pruners].map((store) => store.close()))
    }
  })
}

const tellRetired = (retired: readonly number[]): string =>
  retired.length ? `version ${retired.join(' and ')} is gone, from the locations and from this host` : 'nothing to retire'

/** Gives the database roles of the named instances, or of all, new passwords. Nobody is disturbed: open connections stay. */
export async function rotateLogins(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  await withHost(values.home, async (host) => {
    for (const { name } of await chosen(host, positionals)) {
      await rotatePasswords(host, name)
      answer(values.json, { instance: name, rotated: true }, `The database roles of ${name} have new passwords.`)
    }
  })
}

/** The instances of those names, or all. */
async function chosen(host: Host, names: readonly string[]): Promise<Instance[]> {
  const ready = (await listInstances(host)).filter(({ state }) => state === 'ready')
  const unknown = names.find((name) => !ready.some((one) => one.name === name))
  if (unknown !== undefined) throw new OpsError('not_found', `There is no instance named ${JSON.stringify(unknown)}.`)
  return names.length ? ready.filter(({ name }) => names.includes(name)) : ready
}
