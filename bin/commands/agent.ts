import { parseArgs } from 'node:util'
import { Agent, OwnerWork } from '@erp4/agent'
import { alarmMailOf, Cluster, heartbeatOf, Host, HostKeys, listAlarms, openHome, settleAlarm, type Home } from '@erp4/ops'
import { live } from '../child.ts'
import { homeFolder } from '../home.ts'
import { askJob } from '../jobs.ts'
import { ownerTasks } from '../owner-tasks.ts'
import { print, say } from '../terminal.ts'

/**
 * The schedule of a host: backups, restore tests, pruning, repair, alarms; needs the cluster, and nothing else of ERP4. And beside it, what people
 * ask of the owner of their tables, which is no part of the schedule: a person waits for it.
 */
export async function agent(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { home: { type: 'string' } } })
  await live<{ home: string }>(
    () => Promise.resolve({ home: homeFolder(values.home) }),
    async (access) => {
      const home = openHome(access.home)
      const host = new Host(home, new Cluster(home), HostKeys.open(home))
      const running = new Agent({
        host,
        perform: (task, signal) => askJob(home, task, signal),
        mail: alarmMailOf(process.env),
        pingUrl: process.env.ERP4_HEARTBEAT_URL,
        tell: (line) => say(`${new Date().toISOString()} ${line}`),
      })
      running.start()
      const owner = new OwnerWork({ host, ...ownerTasks(host), tell: (line) => say(`${new Date().toISOString()} ${line}`) })
      owner.start()
      return {
        stop: async () => {
          await Promise.all([running.stop(), owner.stop()])
          await host.close()
        },
      }
    },
  )
}

/** What is wrong on this host now. */
export async function alarms(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { home: { type: 'string' }, json: { type: 'boolean', default: false } } })
  const home = openHome(homeFolder(values.home))
  const up = listAlarms(home)
  if (values.json) return print(JSON.stringify({ alarms: up, agent: heartbeatOf(home) ?? null }))
  for (const { name, subject, since, detail } of up)
    print(`${name.padEnd(18)} ${subject.padEnd(16)} since ${since.slice(0, 16)}  ${detail}`)
  if (up.length === 0) print(`No alarm is up. The agent decided last on ${heartbeatOf(home)?.decided ?? 'no day: it has never run here'}.`)
}

const lookMs = 60_000

/** The supervisor looks after the agent as the agent looks after the rest: a scheduler that is dead tells nobody so itself. Gives the way to end it. */
export function watchAgent(home: Home): () => void {
  const since = new Date()
  const look = async () => {
    const decided = new Date(heartbeatOf(home)?.decided ?? since)
    const facts = { scheduler: { decided: decided < since ? null : decided, since } }
    // While the agent lives it keeps the alarms; two would write over each other.
    if (Date.now() - Math.max(decided.getTime(), since.getTime()) < 10 * lookMs) return
    const { raised } = await settleAlarm({ host: { home }, mail: alarmMailOf(process.env) }, facts, new Date())
    for (const { detail } of raised) say(`  ${detail}`)
  }
  const timer = setInterval(() => void look().catch((error: Error) => say(`  ${error.message}`)), lookMs)
  return () => clearInterval(timer)
}
