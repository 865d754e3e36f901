import './languages.ts'

export { asking } from './asking.ts'
export { closeJobCall, openJobCall } from './call.ts'
export { cancelJob, countJobs, enqueue, ensureSchedule, readJob, skipDue, type JobRequest, type JobStatus, type Schedule } from './queue.ts'
export {
  JobRegistry,
  jobs,
  registerJob,
  type Job,
  type JobCall,
  type JobContext,
  type SteppedJob,
  type TransactionJob,
  type WorkInstance,
} from './registry.ts'
export { JobEnded } from './run.ts'
export { Worker, type Errand, type WorkHosting, type WorkerOptions } from './worker.ts'
