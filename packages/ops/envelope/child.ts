import { flushCompileCache } from 'node:module'
import { setPriority } from 'node:os'
import { asOpsError, OpsError } from '../errors.ts'
import type { Asked, Job, OpenedPart, OpenJob, Report, SealedPart } from './job.ts'
import { open } from './opening.ts'
import { isBrokenPipe } from './program.ts'
import { seal } from './sealing.ts'

/*
 * Parts are sealed and opened in a process of their own: whatever goes wrong in a stream of the SDK ends in an uncaught exception (cloud.md F2),
 * which would take an agent with it. Jobs come over the channel; the process ends with its parent and takes its programs along.
 */
const progressMs = 250
/** So long the other errors of one failure are waited for: the first to arrive is seldom the one that says why. */
const settleMs = 100

const errors: unknown[] = []
const jobs = new Map<number, Job>()

process.once('disconnect', endGroup)
process.on('uncaughtException', fail)
process.on('message', ({ id, job }: Asked) => {
  jobs.set(id, job)
  perform(id, job).then((done) => {
    jobs.delete(id)
    keepCompiled()
    tell({ id, done })
  }, fail)
})

async function perform(id: number, job: Job): Promise<SealedPart | OpenedPart> {
  let told = 0
  let at = 0
  const progress = setInterval(() => told !== at && tell({ id, progress: (told = at) }), progressMs)
  const count = (plainBytes: number) => void (at = plainBytes)
  try {
    if (job.task === 'open') return await open(job, count)
    // Throttled is background work: users of this machine go first.
    if (job.bytesPerSecond) setPriority(19)
    return await seal(job, count)
  } finally {
    clearInterval(progress)
  }
}

let isCompiledKept = false

/** We are killed when nothing more is asked, and Node keeps compiled code as it exits: without this, each of us compiles the SDK anew. */
function keepCompiled(): void {
  if (!isCompiledKept) flushCompileCache()
  isCompiledKept = true
}

function fail(error: unknown): void {
  errors.push(error)
  if (errors.length === 1) setTimeout(() => tell({ failed: explain(errors) }, endGroup), settleMs)
}

function explain(found: readonly unknown[]): { code: OpsError['code']; message: string } {
  const known = found.find((error) => error instanceof OpsError) ?? found.map(asOpsError).find((error) => error !== undefined)
  if (known) return { code: known.code, message: known.message }
  const causes = found.filter((error) => !isBrokenPipe(error))
  const said = [...new Set((causes.length ? causes : found).map((error) => (error as Error).message))].join('; ')
  const [opening] = [...jobs.values()].filter(({ task }) => task === 'open') as OpenJob[]
  if (opening && causes.length) {
    return { code: 'set_damaged', message: `${opening.source.file} is not what was sealed (${said}): read it from another location.` }
  }
  const parts = [...jobs.values()].map(({ context }) => context.part).join(', ')
  return { code: 'program_failed', message: `${opening ? 'Opening' : 'Sealing'} ${parts} failed: ${said}.` }
}

function tell(report: Report, then: () => void = () => {}): void {
  if (process.connected) process.send!(report, then)
  else endGroup()
}

/** Kills our process group: the program at the other end of the pipe, then ourselves. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.exit(1) // we lead no group
  }
}
