/** `./erp4 bench [NAME…]`: measurements. They tell; they decide no test. A benchmark is a file of `scripts/bench` that exports `bench`. */
import { readdirSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'

/** One line of what was measured. */
export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** What it should be at most, or at least where `atLeast` says so. */
  readonly target?: number
  readonly atLeast?: boolean
}

/** What a benchmark's file exports as `bench`. */
export type Bench = () => Promise<Measure[]>

const folder = join(import.meta.dirname, 'bench')
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3))

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}; there are: ${names.join(', ')}`)
    return 2
  }
  console.log(
    `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)}`,
  )
  for (const name of wanted.length > 0 ? wanted : names) {
    const { bench } = (await import(join(folder, `${name}.ts`))) as { bench?: Bench }
    // Files without one are parts of others.
    if (bench === undefined) continue
    console.log(`\n${name}`)
    for (const measure of await bench()) console.log(line(measure))
  }
  return 0
}

function line({ what, value, unit, target, atLeast = false }: Measure): string {
  const text = `  ${what.padEnd(50)} ${number(value).padStart(10)} ${unit}`
  if (target === undefined) return text
  const isMet = atLeast ? value >= target : value <= target
  return `${text.padEnd(76)} ${atLeast ? '≥' : '≤'} ${number(target)} ${isMet ? 'met' : 'MISSED'}`
}

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2))

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
