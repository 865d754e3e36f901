/** One restore that was measured. */
export interface Sample {
  bytes: number
  seconds: number
}

/** What so many restores would take: T = Σ(a + bytes/b) / workers (cloud.md §10). */
export interface Extrapolation {
  samples: number
  /** Different sizes among them (a tenth apart at least); fewer than three say nothing of `bytesPerSecond`. */
  sizes: number
  /** a: seconds that each restore takes whatever its size. */
  fixedSeconds: number
  /** b; null when larger ones did not take longer. */
  bytesPerSecond: number | null
  /** Standard error of the fit, in seconds of one restore. */
  errorSeconds: number
  workers: number
  /** Where the limit breaks, with instances of the mean size measured: how many, and all their bytes; low and high by twice the error. */
  limitHours: number
  breaksAt: { instances: number; bytes: number; low: number; high: number }
}

/** Least squares over the samples, each with what it took beside the other workers. At least one sample. */
export function extrapolate(samples: readonly Sample[], workers: number, limitHours = 8): Extrapolation {
  const n = samples.length
  const meanBytes = sum(samples, ({ bytes }) => bytes) / n
  const meanSeconds = sum(samples, ({ seconds }) => seconds) / n
  const spread = sum(samples, ({ bytes }) => (bytes - meanBytes) ** 2)
  const slope = spread > 0 ? sum(samples, ({ bytes, seconds }) => (bytes - meanBytes) * (seconds - meanSeconds)) / spread : 0
  const isUseful = slope > 0
  const fixed = isUseful ? meanSeconds - slope * meanBytes : meanSeconds
  const perByte = isUseful ? slope : 0
  const error = Math.sqrt(sum(samples, ({ bytes, seconds }) => (seconds - fixed - perByte * bytes) ** 2) / Math.max(1, n - 2))
  const each = Math.max(1e-3, meanSeconds)
  const fits = (seconds: number): number => Math.floor((limitHours * 3_600 * workers) / Math.max(1e-3, seconds))
  // The mean of many is surer than one of them.
  const doubt = (2 * error) / Math.sqrt(n)
  return {
    samples: n,
    sizes: sizesOf(samples),
    fixedSeconds: fixed,
    bytesPerSecond: isUseful ? 1 / slope : null,
    errorSeconds: error,
    workers,
    limitHours,
    breaksAt: { instances: fits(each), bytes: fits(each) * meanBytes, low: fits(each + doubt), high: fits(each - doubt) },
  }
}

function sizesOf(samples: readonly Sample[]): number {
  const sorted = samples.map(({ bytes }) => bytes).sort((a, b) => a - b)
  return sorted.reduce<number[]>((seen, bytes) => (seen.length === 0 || bytes > seen.at(-1)! * 1.1 ? [...seen, bytes] : seen), []).length
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)
