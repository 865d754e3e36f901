import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type * as prometheus from 'prom-client'
import type { Counter, Histogram, Registry } from 'prom-client'
import { createServer } from './http/node-http.ts'

const require = createRequire(import.meta.url)
/** Loaded where something is measured: workers, sealers and commands do not wait for it. */
const prom = () => require('prom-client') as typeof prometheus

export interface Metrics {
  readonly registry: Registry
  /** Seconds from a request's first byte to its answer's last, by route pattern: never by address, instance or person. */
  readonly requests: Histogram<'route' | 'method' | 'status'>
  /** Calls of model methods that ended, by protocol and by how they ended. */
  readonly calls: Counter<'skin' | 'outcome'>
}

/** What is asked only when somebody scrapes. */
export interface Readings {
  databaseConnections: () => number
  heldBodyBytes: () => number
}

export function createMetrics(readings: Readings): Metrics {
  const { Counter, Histogram, Registry, collectDefaultMetrics } = prom()
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'erp4_' })
  gauge('erp4_database_connections', 'Database connections open or being opened.', readings.databaseConnections, registers)
  gauge('erp4_request_body_bytes', 'Bytes of request bodies in memory.', readings.heldBodyBytes, registers)
  return {
    registry,
    requests: new Histogram({
      name: 'erp4_http_request_seconds',
      help: 'How long requests took, by route.',
      labelNames: ['route', 'method', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    calls: new Counter({
      name: 'erp4_calls_total',
      help: 'Calls of model methods.',
      labelNames: ['skin', 'outcome'],
      registers,
    }),
  }
}

function gauge(name: string, help: string, read: () => number, registers: Registry[]): void {
  new (prom().Gauge)({
    name,
    help,
    registers,
    collect() {
      this.set(read())
    },
  })
}

/** Serves `GET /metrics` on a port of its own, so that no host name and no proxy rule ever leads a stranger there. */
export async function serveMetrics(metrics: Metrics, { host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return server
}
