import { parseArgs } from 'node:util'
import { listInstances, rotatePasswords } from '@erp4/ops'
import { CommandError } from '../exit-codes.ts'
import { withHost } from '../home.ts'
import { say } from '../terminal.ts'

/** Gives the database roles of the named instances, or of all, new passwords. Nobody is disturbed: open connections stay. */
export async function rotateLogins(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: { home: { type: 'string' } }, allowPositionals: true })
  await withHost(values.home, async (host) => {
    const ready = (await listInstances(host)).filter(({ state }) => state === 'ready').map(({ name }) => name)
    const unknown = positionals.find((name) => !ready.includes(name))
    if (unknown !== undefined) throw new CommandError('not_found', `There is no instance named ${JSON.stringify(unknown)}.`)
    for (const name of positionals.length ? positionals : ready) {
      await rotatePasswords(host, name)
      say(`The database roles of ${name} have new passwords.`)
    }
  })
}
