import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { HostKeys } from '../keys.ts'
import { credentialsContext as context } from '../keys/host-key.ts'
import { seal, unseal } from '../sealing.ts'
import type { RegisteredLocation, StoreRole } from './locations.ts'

/** What opens a store for one role. The three roles have three of them: who writes cannot delete, who deletes cannot write. */
export type StoreCredentials =
  /** An OpenSSH private key, without a passphrase. */
  { privateKey: string } | { accessKeyId: string; secretAccessKey: string }

const fileOf = (home: Home, location: string, role: StoreRole): string => join(home.keys, 'stores', `${location}.${role}.sealed`)

/** Keeps the credentials of a role in the home, sealed under the host key; those of `prune` belong on another machine. */
export function sealCredentials(home: Home, location: Pick<RegisteredLocation, 'name'>, role: StoreRole, given: StoreCredentials): void {
  mkdirSync(join(home.keys, 'stores'), { recursive: true, mode: 0o700 })
  const sealed = seal(HostKeys.open(home).operating, context(location.name, role), Buffer.from(JSON.stringify(given)))
  writeDurably(fileOf(home, location.name, role), sealed, { mode: 0o600 })
}

/** OpsError `key_missing` when this home has none for the role. */
export function openCredentials(home: Home, location: Pick<RegisteredLocation, 'name'>, role: StoreRole): StoreCredentials {
  const path = fileOf(home, location.name, role)
  if (!existsSync(path)) {
    const how = `erp4 stores credentials ${location.name} ${role}`
    throw new OpsError('key_missing', `This host has no credentials to ${role} in ${location.name}: give them with "${how}".`)
  }
  return JSON.parse(unseal(HostKeys.open(home).operating, context(location.name, role), readFileSync(path)).toString()) as StoreCredentials
}

export const hasCredentials = (home: Home, location: Pick<RegisteredLocation, 'name'>, role: StoreRole): boolean =>
  existsSync(fileOf(home, location.name, role))

export function forgetCredentials(home: Home, location: Pick<RegisteredLocation, 'name'>, role: StoreRole): void {
  rmSync(fileOf(home, location.name, role), { force: true })
}

/** What the recovery kit carries: for each location that asks for credentials, those that can only read. */
export const readingCredentials = (home: Home, locations: readonly RegisteredLocation[]): Record<string, StoreCredentials> =>
  Object.fromEntries(
    locations.filter((location) => hasCredentials(home, location, 'read')).map((one) => [one.name, openCredentials(home, one, 'read')]),
  )
