import type { OwnerWorkOrder } from '@erp4/agent'
import { connectAs, type Host } from '@erp4/ops'
import type { CustomWork } from '@erp4/orm'
import { Helper } from './supervisor.ts'
import type { Task } from './tasks.ts'

/** The owner's work in an instance, by a child process that knows the apps; it is kept for the next question, and let go when nothing waits. */
export function ownerTasks(host: Host): Pick<OwnerWorkOrder, 'settle' | 'rest'> {
  const helper = new Helper(host.home, { name: 'task', command: ['tasks'], user: 'erp4' })
  return {
    settle: async ({ instance }) => {
      const config = await connectAs(host, instance, 'owner')
      return helper.ask({ task: 'custom fields', config, apps: instance.apps } satisfies Task) as Promise<CustomWork>
    },
    rest: () => helper.close(),
  }
}
