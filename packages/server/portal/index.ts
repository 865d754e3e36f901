import './letter-job.ts'

export { addPortal } from './routes.ts'
