import { parseArgs } from 'node:util'
import { examineHost, type Finding, type Host, listInstances } from '@erp4/ops'
import { sumConnections } from '../connections.ts'
import { Verdict } from '../exit-codes.ts'
import { supervisorOf, withHost } from '../home.ts'
import { serviceUser, serviceUsers } from '../os-users.ts'
import { release } from '../release.ts'
import { examine } from '../tasks.ts'
import { print } from '../terminal.ts'

const marks = { ok: '✔', note: '·', fault: '✖' } as const

/** Looks whether this host is as it should be, and says what it does not protect. Ends with `refused` when there is a fault. */
export async function doctor(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { home: { type: 'string' }, json: { type: 'boolean', default: false } } })
  const findings = await withHost(values.home, examineAll)
  if (values.json) print(JSON.stringify(findings))
  else for (const { level, text } of findings) print(`${marks[level]} ${text}`)
  const faults = findings.filter(({ level }) => level === 'fault').length
  if (faults) throw new Verdict('refused', `${faults} thing${faults > 1 ? 's are' : ' is'} not as it should be.`)
}

async function examineAll(host: Host): Promise<Finding[]> {
  const instances = (await listInstances(host)).filter(({ state }) => state === 'ready')
  const now = release()
  const older = instances.filter((instance) => instance.release !== now).map(({ name }) => name)
  return [
    ...(await examineHost(host)),
    connections(host),
    ...(instances.length ? await examine(host, instances) : []),
    ...(older.length
      ? [{ level: 'note' as const, text: `Of another release than this one (${now}): ${older.join(', ')}; erp4 instance upgrade NAME.` }]
      : []),
    ...separation(),
    ...limits,
  ]
}

function connections(host: Host): Finding {
  const processes = supervisorOf(host.home)?.processes ?? 1
  const { needed, given } = sumConnections(host, processes)
  const text = `${processes} server process${processes > 1 ? 'es' : ''}, worker, sealer, agent and commands need ${needed} database connections at most; there are ${given}.`
  return { level: needed > given ? 'fault' : 'ok', text }
}

function separation(): Finding[] {
  return serviceUsers.map((name): Finding => {
    const found = serviceUser(name)
    if (found.user) return { level: 'ok', text: `${name === 'erp4' ? 'Server and worker run' : 'The sealer runs'} as the OS user ${name}.` }
    const what = name === 'erp4' ? 'Server and worker are not separated from ops' : 'The audit sealer is not separated from the server'
    return { level: 'note', text: `${what}: ${found.reason}.` }
  })
}

const limits: Finding[] = [
  { level: 'note', text: 'Point-in-time recovery is off: archiving is a no-op until it is set up.' },
  { level: 'note', text: 'The newest audit heads lie on this host: take an anchor elsewhere with erp4 audit anchor FILE.' },
]
