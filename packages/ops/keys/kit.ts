import { createPublicKey, type KeyObject } from 'node:crypto'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { keyId } from '../sealing.ts'
import { readingCredentials, type StoreCredentials } from '../stores/credentials.ts'
import { absoluteLocations, demandLocations, readRegister, type RegisteredLocation, type ResidencyWaiver } from '../stores/locations.ts'
import { openStoreWith } from '../stores/open.ts'
import type { StoreReader } from '../stores/store.ts'
import { splitRoot } from './shares.ts'
import { hasKeyId, publicPem, trustedKeys } from './signers.ts'

/** What everything can be had back with when host and registry are gone: the root key, where the sets lie, and whom to believe. */
export interface RecoveryKit {
  v: 1
  /** ISO 8601. */
  made: string
  /** uuid of the host that made it. */
  host: string
  /** Any two of the three shares make the root key; keep them apart from each other. */
  root: { id: string; shares: readonly string[] }
  locations: readonly RegisteredLocation[]
  /** By location; they can only read. */
  credentials: Readonly<Record<string, StoreCredentials>>
  /** What must stay in some countries; none in kits of before. */
  waivers?: readonly ResidencyWaiver[]
  /** PEM by key id: whose signatures count on manifests and certificates. */
  trusted: Readonly<Record<string, string>>
  /** PEM: with what seals of audit trails are checked; none in kits of before. */
  sealers?: readonly string[]
  /** The release of ERP4 that this host runs. */
  release: string
}

/** Makes the kit anew, with a new split of the same root key: shares of two kits do not mix. */
export async function makeKit({ home, keys }: Pick<Host, 'home' | 'keys'>, root: Uint8Array, release: string): Promise<RecoveryKit> {
  const { locations, waivers } = readRegister(home)
  return {
    v: 1,
    made: new Date().toISOString(),
    host: home.id,
    root: { id: keyId(root), shares: await splitRoot(root) },
    locations: absoluteLocations(home, locations),
    credentials: readingCredentials(home, locations),
    waivers,
    trusted: trustedKeys(home),
    sealers: keys.sealers.map(publicPem),
    release,
  }
}

/** The kit as it is printed: each share on a sheet of its own, the rest on all three. */
export function kitText(kit: RecoveryKit): string {
  const { root, shares, ...rest } = { ...kit, shares: kit.root.shares, root: kit.root.id }
  const sheets = shares.map((share, index) =>
    [
      `ERP4 RECOVERY KIT, sheet ${index + 1} of ${shares.length}`,
      `Host ${kit.host}, root key ${root}, made ${kit.made}`,
      'Any two sheets of this kit open every backup of this host. Keep them in different places, and not on this host.',
      '',
      share,
    ].join('\n'),
  )
  return [...sheets, `WITH EACH SHEET\n${JSON.stringify(rest, null, 1)}`].join('\n\n')
}

/** Reads a kit as `erp4 keys kit --json` writes it; the shares may have been cut off it. OpsError `refused` when it is none. */
export function parseKit(text: string): RecoveryKit {
  try {
    const kit = JSON.parse(text) as RecoveryKit
    if (kit.v === 1 && isMap(kit.trusted) && isMap(kit.credentials) && Array.isArray(kit.sealers ?? [])) {
      demandLocations(kit.locations)
      return kit
    }
  } catch {
    // no JSON, or locations that are none: the same sentence
  }
  throw new OpsError('refused', 'That is no recovery kit of ERP4: give the JSON that "erp4 keys kit --json" printed.')
}

const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The stores that a kit names, to be read from wherever one is. Close them. */
export const openKitStores = (kit: RecoveryKit): Promise<StoreReader[]> =>
  Promise.all(
    kit.locations.map((location) =>
      openStoreWith(location, 'read', () => {
        const credentials = kit.credentials[location.name]
        if (!credentials) throw new OpsError('key_missing', `The recovery kit has no credentials for ${location.name}.`)
        return credentials
      }),
    ),
  )

/** Whose signatures count for a kit: what a home's `trustedKey` is for a home. */
export function kitTrusts(kit: RecoveryKit, keyId: string): KeyObject | undefined {
  const pem = Object.hasOwn(kit.trusted, keyId) ? kit.trusted[keyId] : undefined
  if (typeof pem !== 'string') return undefined
  try {
    const key = createPublicKey(pem)
    return hasKeyId(key, keyId) ? key : undefined
  } catch {
    return undefined // no key: nobody is trusted by it
  }
}
