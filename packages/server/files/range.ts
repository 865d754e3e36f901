/**
 * What a `Range` header asks of `size` bytes (RFC 9110 §14): first and last byte; 'all' where there is none, several or one that
 * is malformed (which are to be ignored); 'none' where nothing of it exists.
 */
export function rangeOf(header: string | undefined, size: number): readonly [start: number, end: number] | 'all' | 'none' {
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  if (!asked || (asked[1] === '' && asked[2] === '')) return 'all'
  const [first, last] = [asked[1], asked[2]]
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'none' : [size - count, size - 1]
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'all'
  return start >= size ? 'none' : [start, last === '' ? size - 1 : Math.min(Number(last), size - 1)]
}
