/** Everything for people goes to standard error: standard output belongs to whoever reads results. */
export const say = (line = ''): void => void process.stderr.write(`${line}\n`)

/** One line of result. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Tells each step as it begins, and its time when the next one begins. */
export class Steps {
  readonly #begun = Date.now()
  #current: { name: string; at: number } | undefined

  begin(name: string): void {
    this.end()
    this.#current = { name, at: Date.now() }
    if (process.stderr.isTTY) process.stderr.write(`  ${name} …`)
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
