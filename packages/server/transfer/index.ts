import { registerJob } from '../jobs/index.ts'
import { exportFile, exportJob } from './run-export.ts'
import { importFile, importJob } from './run-import.ts'
import { undoImport, undoJob } from './undo-import.ts'

export { addTransfer } from './routes.ts'

registerJob(importJob, importFile)
registerJob(undoJob, undoImport)
registerJob(exportJob, exportFile)
