import type { FastifyRequest } from 'fastify'

const mostParts = 10

/**
 * The parts of a `multipart/form-data` body by name (RFC 7578), or undefined when it is none. A name that comes twice is left out, as in
 * other forms. What a part says of its type and file name counts for nothing here, and is not read.
 */
export function readMultipart(request: FastifyRequest): Map<string, Buffer> | undefined {
  const boundary = /^multipart\/form-data\s*;.*\bboundary="?([^";,\s]{1,70})"?/i.exec(request.headers['content-type'] ?? '')?.[1]
  const { body } = request
  if (boundary === undefined || !Buffer.isBuffer(body)) return undefined
  // Each delimiter begins a line; so does the first one, with the line end that stands before the body.
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const whole = Buffer.concat([Buffer.from('\r\n'), body])
  const parts = new Map<string, Buffer>()
  const twice = new Set<string>()
  let at = whole.indexOf(delimiter)
  for (let count = 0; at >= 0 && count < mostParts; count++) {
    const start = at + delimiter.length
    if (whole.subarray(start, start + 2).toString('latin1') === '--') break
    const next = whole.indexOf(delimiter, start)
    if (next < 0) return undefined
    const headEnd = whole.indexOf('\r\n\r\n', start)
    if (headEnd < 0 || headEnd > next) return undefined
    const name = /^content-disposition:\s*form-data\s*;.*\bname="([^"\r\n]{1,100})"/im.exec(
      whole.subarray(start, headEnd).toString('utf8'),
    )?.[1]
    if (name !== undefined) {
      if (parts.has(name)) twice.add(name)
      parts.set(name, whole.subarray(headEnd + 4, next))
    }
    at = next
  }
  for (const name of twice) parts.delete(name)
  return parts
}
