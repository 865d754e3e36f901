import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'

/** The first is Debian's Chromium without windows, which takes a fifth less of the processors for the same pages. */
const places = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

// Without the first four Chromium looks for Google's hosts at every start.
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--disable-gpu',
]

/**
 * A headless Chromium: the system's, or the one that ERP4_CHROMIUM names. The test that starts it closes it. For figures take what people have:
 * without windows a frame takes twice as long.
 */
export async function chromium(options: { asPeopleHave?: boolean } = {}): Promise<Browser> {
  const wanted = options.asPeopleHave ? places.slice(1) : places
  const executablePath = process.env['ERP4_CHROMIUM'] ?? wanted.find((place) => existsSync(place))
  if (executablePath === undefined)
    throw new Error(
      `There is no Chromium on this machine: apt-get install ${options.asPeopleHave ? 'chromium' : 'chromium-headless-shell'}`,
    )
  // Its sandbox does not start as root; tests open our own pages alone.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  // Without a language of UTF-8 it calls every file with another name than an English one 'download'.
  const env = { ...process.env, LC_ALL: 'C.UTF-8' } as Record<string, string>
  // Only here: most tests need no browser, and loading this takes as long as starting Node.
  const { chromium: engine } = await import('playwright-core')
  return engine.launch({ executablePath, headless: true, args: [...quiet, ...asRoot], env })
}
