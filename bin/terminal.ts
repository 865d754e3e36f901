/** Everything for people goes to standard error: standard output belongs to whoever reads results. */
export const say = (line = ''): void => void process.stderr.write(`${line}\n`)

/** One line of result. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** What a command has done: a sentence for people, or a line that a machine reads. */
export function answer(json: boolean, result: object, ...sentences: readonly string[]): void {
  if (json) print(JSON.stringify(result))
  else for (const sentence of sentences) say(sentence)
}

const barEveryMs = 100
const barWidth = 24

/** Tells each step as it begins, and its time when the next one begins; on a terminal a bar as well, where it is known how far it is. */
export class Steps {
  readonly #begun = Date.now()
  #current: { name: string; at: number } | undefined
  #drawnAt = 0

  begin(name: string): void {
    this.end()
    this.#current = { name, at: Date.now() }
    if (process.stderr.isTTY) process.stderr.write(`  ${name} …`)
  }

  /** How much of the present step is done. A log would have a thousand lines of it, so only a terminal is told. */
  progress(done: number, of: number): void {
    if (!this.#current || !process.stderr.isTTY || Date.now() - this.#drawnAt < barEveryMs) return
    this.#drawnAt = Date.now()
    process.stderr.write(`\r\x1b[K  ${this.#current.name} … ${bar(done, of)}`)
  }

  end(): void {
    if (!this.#current) return
    const { name, at } = this.#current
    this.#current = undefined
    process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}  ${name.padEnd(64)} ${seconds(Date.now() - at)}\n`)
  }

  get total(): string {
    return seconds(Date.now() - this.#begun)
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** What ops tells while it works, shown as the steps of a command. */
export const watched = (steps: Steps) => ({
  tell: (step: string): void => steps.begin(step),
  progress: (done: number, of: number): void => steps.progress(done, of),
})

/** `█████░░░░░  50 %`. What was only estimated may turn out larger: a bar never says more than all. */
export function bar(done: number, of: number): string {
  const share = of > 0 ? Math.min(1, done / of) : 0
  const full = Math.floor(share * barWidth)
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${String(Math.floor(share * 100)).padStart(3)} %`
}
