import { Databases } from '@erp4/orm'
import {
  type Head,
  type SignedHead,
  Sealer,
  createLogger,
  keyId,
  newestHead,
  openAnchor,
  readAnchor,
  verifyLive,
  writeAnchor,
} from '@erp4/server'
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
    await writeAnchor(file, head)
  })

export const verifyAudit = (trail: AuditTrail, given: AuditAnchor | undefined): Promise<{ isIntact: boolean; report: string[] }> =>
  withTrail(trail, async (databases) => {
    const keys = new Map(trail.verify.map((key) => [keyId(key), key]))
    const anchor =
      given && ('file' in given ? await readAnchor(given.file, keys) : openAnchor(given.name, JSON.parse(given.signed) as SignedHead, keys))
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
