/** What seals and verifies trails of audit, without the server, which takes longer to load than a trail to be sealed. */
export * from './audit/index.ts'
export { createLogger } from './logging.ts'
