import { readFileSync, readdirSync } from 'node:fs'

/** What the kernel counted so far for these processes and for all children of `parent` that are alive, in ms. */
export function processorTime(pids: readonly number[], parent: number): number {
  let ticks = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (pids.includes(Number(entry)) || Number(fields[1]) === parent) ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It ended while we looked.
      continue
    }
  }
  // A tick is 10 ms on every Linux that we run on.
  return ticks * 10
}
