import type { Browser, BrowserContext, BrowserContextOptions, Page, ViewportSize } from 'playwright-core'

/** A person's browser for one visit. */
export interface Visited {
  readonly context: BrowserContext
  readonly page: Page
  /** What its pages' policy refused is written here. */
  readonly told: string[]
  /** Leaves it to the next visit with nothing of this one but the client's files. */
  readonly leave: () => Promise<void>
}

interface Kept {
  readonly context: BrowserContext
  readonly page: Page
  told: string[]
}

const desktop: ViewportSize = { width: 1280, height: 800 }

/**
 * Browsers that were used and cleaned: the client is in their cache, compiled, as in anybody's after the first day. Their window stays, too: to
 * open one takes Chromium longer than to show what is in it.
 */
export class Browsers {
  readonly #browser: Browser
  readonly #free = new Map<string, Kept[]>()
  #visits = 0

  constructor(browser: Browser) {
    this.#browser = browser
  }

  /** One with these options. Nobody was there before where it `isNew`, and nobody comes after. */
  async take(options: BrowserContextOptions, isNew: boolean): Promise<Visited> {
    const kind = JSON.stringify(options)
    const kept = (isNew ? undefined : this.#free.get(kind)?.pop()) ?? (await this.#open(options))
    const { context, page } = kept
    kept.told = []
    // Drafts, notices and what was opened lately are of whoever was there before.
    const visit = ++this.#visits
    const beginning = await page.addInitScript(
      `if (sessionStorage.getItem('visit') !== '${visit}') { localStorage.clear(); sessionStorage.clear(); sessionStorage.setItem('visit', '${visit}') }`,
    )
    const leave = async (): Promise<void> => {
      if (isNew || page.isClosed()) return context.close()
      const others = context.pages().filter((one) => one !== page)
      page.removeAllListeners()
      // What is not saved is given up.
      page.on('dialog', (dialog) => void dialog.accept())
      await Promise.all([page.goto('about:blank'), page.unrouteAll(), beginning.dispose(), ...others.map((one) => one.close())])
      page.removeAllListeners()
      await Promise.all([context.clearCookies(), page.setViewportSize(options.viewport ?? desktop)])
      this.#free.set(kind, [...(this.#free.get(kind) ?? []), kept])
    }
    return { context, page, told: kept.told, leave }
  }

  async #open(options: BrowserContextOptions): Promise<Kept> {
    const context = await this.#browser.newContext({ locale: 'en-US', timezoneId: 'UTC', viewport: desktop, ...options })
    const kept: Kept = { context, page: await context.newPage(), told: [] }
    await context.exposeFunction('complain', (text: string) => void kept.told.push(text))
    await context.addInitScript(
      "document.addEventListener('securitypolicyviolation', (event) => complain(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))",
    )
    return kept
  }
}
