import { createPublicKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ClusterOptions } from '../cluster.ts'
import { OpsError } from '../errors.ts'
import { openOrCreateHome, type Home } from '../home.ts'
import { startHost, type Host } from '../host.ts'
import type { RecoveryKit } from '../keys/kit.ts'
import { noteRoot, removeRoot } from '../keys/root.ts'
import { signerPurposes, trust, trustSealer } from '../keys/signers.ts'
import { keyId } from '../sealing.ts'
import { sealCredentials } from '../stores/credentials.ts'
import { writeRegister, type RegisteredLocation } from '../stores/locations.ts'
import { readJournal, writeJournal } from './journal.ts'

export interface RecoveryPlace {
  /** The folder of the new home. */
  folder: string
  kit: RecoveryKit
  /** The root key of the host that was lost. */
  root: Uint8Array
  /** Goes on with a recovery that was interrupted there. */
  isContinued: boolean
}

/** Refuses a folder in which something could be written over. OpsError `refused`; nothing was made. */
export function demandPlace({ folder, kit, root, isContinued }: RecoveryPlace): void {
  const dir = resolve(folder)
  if (!existsSync(join(dir, 'home.json'))) {
    if (isContinued) throw new OpsError('not_found', `No recovery was begun in ${dir}: leave out --continue.`)
    return
  }
  const journal = readJournal({ dir })
  if (!journal)
    throw new OpsError('refused', `${dir} is the home of another host, and nothing is written over: give a new one with --home.`)
  if (!isContinued)
    throw new OpsError(
      'refused',
      `A recovery was begun in ${dir} on ${journal.started}: --continue goes on with it, a new --home begins another.`,
    )
  if (journal.host !== kit.host || journal.root !== keyId(root))
    throw new OpsError(
      'refused',
      `The recovery in ${dir} is of the host ${journal.host} under the root key ${journal.root}: this is another kit.`,
    )
}

/**
 * Makes the home of a host that takes the place of the lost one, or opens it again. It has keys of its own, trusts those of the kit, and
 * goes on with the same locations; the lost host's root key is its root key, and is lent, not kept.
 */
export async function openRecoveryHome(
  place: RecoveryPlace,
  options: ClusterOptions & { tell?: (step: string) => void } = {},
): Promise<{ host: Host; found: 'started' | 'found running' }> {
  demandPlace(place)
  const { kit, root } = place
  const { home } = openOrCreateHome(place.folder)
  const begun = { v: 1, host: kit.host, root: keyId(root), started: new Date().toISOString(), ended: null } as const
  if (!readJournal(home)) writeJournal(home, { ...begun, items: null, skipped: [], problems: [] })
  // Nobody seeds it: what belongs here comes from the sets.
  home.note({ seeded: true })
  const { host, found } = await startHost(home, options)
  noteRoot(home, root)
  removeRoot(home)
  host.keys.lendRoot(root)
  for (const [id, pem] of Object.entries(kit.trusted)) {
    const purpose = signerPurposes.find((one) => id.startsWith(`${one}-`))
    if (purpose) trust(home, purpose, createPublicKey(pem))
  }
  for (const pem of kit.sealers ?? []) trustSealer(home, pem)
  if (!home.facts().locations) keepLocations(home, kit)
  return { host, found }
}

/** A directory that went with the host comes into the new home under its old name: repair fills it from the others. */
function keepLocations(home: Home, kit: RecoveryKit): void {
  writeRegister(home, { format: 1, locations: kit.locations.map(orAtHome), waivers: kit.waivers ?? [] })
  for (const location of kit.locations) {
    const credentials = kit.credentials[location.name]
    if (credentials) sealCredentials(home, location, 'read', credentials)
  }
}

const orAtHome = (location: RegisteredLocation): RegisteredLocation =>
  isLost(location) ? { ...location, store: { kind: 'directory', path: `stores/${location.name}` } } : location

/** Whether a location of a kit was a directory that is not there any more. */
export const isLost = ({ store }: RegisteredLocation): boolean => store.kind === 'directory' && !existsSync(join(store.path, 'objects'))
