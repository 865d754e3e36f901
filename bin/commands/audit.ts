import { parseArgs } from 'node:util'
import { auditHeads, connectAs, findInstance, type Host } from '@erp4/ops'
import type { AuditAnchor, AuditTrail, Erp } from '../erp.ts'
import { CommandError, Verdict } from '../exit-codes.ts'
import { withHost } from '../home.ts'
import { print } from '../terminal.ts'

const options = {
  home: { type: 'string' },
  json: { type: 'boolean', default: false },
  instance: { type: 'string', default: 'main' },
} as const

/** Writes the newest signed head of an instance's trail to a new file: an anchor, once it lies where nobody of this host can change it. */
export async function anchor(args: readonly string[], erp: Erp): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const [file] = positionals
  if (!file || positionals.length > 1) throw new CommandError('usage', 'Give the file to write the anchor to; it must not exist yet.')
  await withHost(values.home, async (host) => erp.anchorAudit(await trailOf(host, values.instance), file))
  if (values.json) print(JSON.stringify({ instance: values.instance, anchor: file }))
  else print(`The anchor is in ${file}: keep it on another machine.`)
}

/** Checks an instance's trail, against a file or against the newest head in the host registry. */
export async function verify(args: readonly string[], erp: Erp): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { ...options, anchor: { type: 'string' } } })
  await withHost(values.home, async (host) => {
    const trail = await trailOf(host, values.instance)
    const { isIntact, report } = await erp.verifyAudit(trail, values.anchor ? { file: values.anchor } : await registryAnchor(host, trail))
    if (values.json) print(JSON.stringify({ instance: values.instance, isIntact, report }))
    else for (const line of report) print(line)
    if (!isIntact) throw new Verdict('refused', `The audit trail of ${values.instance} is not intact.`)
  })
}

async function trailOf(host: Host, name: string): Promise<AuditTrail> {
  const instance = await findInstance(host, name)
  return {
    uuid: instance.uuid,
    database: instance.database,
    config: await connectAs(host, instance, 'seal'),
    verify: host.keys.sealers,
  }
}

async function registryAnchor(host: Host, trail: AuditTrail): Promise<AuditAnchor | undefined> {
  const [head] = await auditHeads(host, trail.uuid)
  return head && { name: 'the host registry', signed: head.signed }
}
