export { cancelJob, enqueue, ensureSchedule, readJob, type JobRequest, type JobStatus, type Schedule } from './queue.ts'
export {
  JobRegistry,
  jobs,
  registerJob,
  type Job,
  type JobCall,
  type JobContext,
  type SteppedJob,
  type TransactionJob,
} from './registry.ts'
export { JobEnded } from './run.ts'
export { Worker, type Errand, type WorkHosting, type WorkInstance, type WorkerOptions } from './worker.ts'
