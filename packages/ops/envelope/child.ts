import { setPriority } from 'node:os'
import { asOpsError, OpsError } from '../errors.ts'
import type { Job, OpenedPart, Report, SealedPart } from './job.ts'
import { open } from './opening.ts'
import { isBrokenPipe } from './program.ts'
import { seal } from './sealing.ts'

/*
 * One part, one process: whatever goes wrong in a stream of the SDK ends in an uncaught exception (cloud.md F2), which would take an agent
 * with it. The job comes over the channel; the process ends with its parent and takes its programs along.
 */
const progressMs = 250
/** So long the other errors of one failure are waited for: the first to arrive is seldom the one that says why. */
const settleMs = 100

const errors: unknown[] = []
let job: Job | undefined

process.once('disconnect', endGroup)
process.on('uncaughtException', fail)
process.once('message', (asked: Job) => {
  job = asked
  perform(asked).then((done) => tell({ done }, () => process.exit(0)), fail)
})

function perform(asked: Job): Promise<SealedPart | OpenedPart> {
  let told = 0
  let at = 0
  const progress = setInterval(() => told !== at && tell({ progress: (told = at) }), progressMs)
  progress.unref()
  const count = (plainBytes: number) => void (at = plainBytes)
  if (asked.task === 'open') return open(asked, count)
  // Throttled is background work: users of this machine go first.
  if (asked.bytesPerSecond) setPriority(19)
  return seal(asked, count)
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
  if (job?.task === 'open' && causes.length) {
    return { code: 'set_damaged', message: `${job.source.file} is not what was sealed (${said}): read it from another location.` }
  }
  return { code: 'program_failed', message: `${job?.task === 'open' ? 'Opening' : 'Sealing'} ${job?.context.part} failed: ${said}.` }
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
