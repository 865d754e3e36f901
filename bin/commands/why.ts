import { parseArgs } from 'node:util'
import { findInstance } from '@erp4/ops'
import { CommandError } from '../exit-codes.ts'
import { withHost } from '../home.ts'
import { explain } from '../tasks.ts'
import { print } from '../terminal.ts'

/** Tells which rule lets a user do something to a record, or keeps him from it. */
export async function why(args: readonly string[]): Promise<void> {
  const own = {
    home: { type: 'string' },
    json: { type: 'boolean', default: false },
    instance: { type: 'string', default: 'demo' },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options: own, allowPositionals: true })
  const [user, operation, model, id] = positionals
  if (!user || !operation || !model || !id || !/^\d+$/.test(id) || positionals.length > 4) {
    throw new CommandError('usage', 'Give a login, an operation (read, create, write, unlink, name), a model and an id.')
  }
  await withHost(values.home, async (host) => {
    const instance = await findInstance(host, values.instance)
    const lines = await explain(host, instance, { user, operation, model, id: Number(id) })
    if (values.json) print(JSON.stringify({ instance: instance.name, user, operation, model, id: Number(id), says: lines }))
    else for (const line of lines) print(line)
  })
}
