/**
 * Node's HTTP server, not by `import`: that reads every name that `node:http` exports, among them those of its browser's client, which is loaded
 * then. No process here uses it, and each would wait for it, a tenth of its start.
 */
export const { createServer } = process.getBuiltinModule('node:http')
