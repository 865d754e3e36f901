import type { Desk, Env, LetterJob } from '@erp4/orm'
import { printPaper } from '../documents/index.ts'
import { type JobCall, type SteppedJob, jobs } from '../jobs/index.ts'
import { deskOf } from './desk.ts'

/** Prints a document and sends it: what `env.call.jobs` knows as `portal.letter`. The desk sees to it that a second try sends nothing twice. */
export const letterJob: SteppedJob = {
  class: 'mail',
  runSteps: async ({ args, instance, transaction }) => {
    const letter = args as LetterJob
    const printed = await transaction((call) => atDesk(call, (desk, sys) => desk.print(sys, letter)))
    if (!printed) return { sent: false }
    const pdf = await printPaper(instance.name, printed)
    await transaction((call) => atDesk(call, (desk, sys) => desk.post(sys, letter, pdf)))
    return { sent: true }
  },
}

function atDesk<T>({ env }: JobCall, work: (desk: Desk, sys: Env<true>) => Promise<T>): Promise<T> {
  const desk = env && deskOf(env.registry)
  if (!env?.isSystem || !desk) throw new Error('Letters are printed by the system, where an app has a desk.')
  return work(desk, env as Env<true>)
}

jobs.register('portal.letter', letterJob)
