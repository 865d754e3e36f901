import type { FastifyRequest } from 'fastify'
import { mediaType } from '../http/body.ts'

/**
 * The fields of a posted HTML form, or undefined when the body is none. A name that comes twice is left out: two readers of it
 * could mean different ones.
 */
export function readForm(request: FastifyRequest): Map<string, string> | undefined {
  if (mediaType(request) !== 'application/x-www-form-urlencoded' || !Buffer.isBuffer(request.body)) return undefined
  const fields = new Map<string, string>()
  const twice = new Set<string>()
  for (const [name, value] of new URLSearchParams(request.body.toString('utf8'))) {
    if (fields.has(name)) twice.add(name)
    fields.set(name, value)
  }
  for (const name of twice) fields.delete(name)
  return fields
}
