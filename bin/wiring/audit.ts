import type { KeyObject } from 'node:crypto'
import { dirname } from 'node:path'
import { Databases } from '@erp4/orm'
import {
  type Anchor,
  type Head,
  Sealer,
  createLogger,
  keyId,
  newestHead,
  openAnchor,
  readAnchor,
  verifyLive,
  writeAnchor,
} from '@erp4/server/sealing'
import type { AuditAnchor, AuditTrail, SealingHost, Service } from '../erp.ts'
import { CommandError } from '../exit-codes.ts'

/** Seals the audit trails of active instances, and puts their heads into the host registry. */
export async function seal(host: SealingHost): Promise<Service> {
  const databases = new Databases((database) => host.connect(database), { total: 4, perDatabase: 1 })
  const log = createLogger()
  const key = { id: keyId(host.verify), key: host.sign }
  const sealer = new Sealer({
    databases,
    due: async () => (await host.due()).map(({ uuid, database }) => ({ database, chain: uuid, key })),
    onHead: async (chain, signed) => {
      const { seq, head } = JSON.parse(signed.payload) as Head
      await host.addHead(chain, { seq, head: Buffer.from(head, 'hex'), signed: JSON.stringify(signed) })
    },
    onError: (err, chain) => log.error({ err, chain }, 'A trail could not be sealed.'),
  })
  sealer.start()
  return {
    stop: async () => {
      await sealer.stop()
      await databases.close()
    },
  }
}

export const anchorAudit = (trail: AuditTrail, file: string): Promise<void> =>
  withTrail(trail, async (databases) => {
    const head = await databases.use(trail.database, newestHead)
    if (!head) throw new CommandError('refused', 'Nothing of this trail was sealed yet, so there is nothing to anchor.')
    await writeAnchor(file, head).catch((error: { code?: string }) => {
      if (error.code === 'EEXIST') throw new CommandError('refused', `${file} is there already: an anchor is never replaced.`)
      if (error.code === 'ENOENT') throw new CommandError('not_found', `There is no folder ${dirname(file)}.`)
      throw error
    })
  })

/** The anchor of a file, or a sentence why there is none. */
const anchorIn = (file: string, keys: ReadonlyMap<string, KeyObject>): Promise<Anchor> =>
  readAnchor(file, keys).catch((error: { code?: string; message: string }) => {
    if (error.code) throw new CommandError('not_found', `The anchor ${file} cannot be read (${error.code}).`)
    throw new CommandError('refused', error.message)
  })

export const verifyAudit = (trail: AuditTrail, given: AuditAnchor | undefined): Promise<{ isIntact: boolean; report: string[] }> =>
  withTrail(trail, async (databases) => {
    const keys = new Map(trail.verify.map((key) => [keyId(key), key]))
    const anchor = given && ('file' in given ? await anchorIn(given.file, keys) : openAnchor(given.name, given.signed, keys))
    const {
      isIntact,
      rows,
      seals,
      findings,
      anchor: used,
      unproven,
    } = await verifyLive(databases, trail.database, { chain: trail.uuid, keys, ...(anchor ? { anchor } : {}) })
    const compared = used
      ? `compared with ${used.name}: row ${used.seq}, ${used.at}`
      : 'compared with no anchor: newest rows could be missing unseen'
    return { isIntact, report: [`${rows} rows in ${seals} seals, ${compared}.`, ...findings.map(({ text }) => text), ...unproven] }
  })

async function withTrail<T>(trail: AuditTrail, use: (databases: Databases) => Promise<T>): Promise<T> {
  const databases = new Databases(async () => trail.config, { total: 1, perDatabase: 1 })
  try {
    return await use(databases)
  } finally {
    await databases.close()
  }
}
