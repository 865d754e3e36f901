export { type Client, readClient } from './files.ts'
export { addClient } from './routes.ts'
