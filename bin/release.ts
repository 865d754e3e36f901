import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
let fingerprint: string | undefined

/** The fingerprint of the code that this process began with. */
export function releaseFingerprint(): string {
  fingerprint ??= fingerprintNow()
  return fingerprint
}

/** Changes with any line that could change what a template holds: the apps, the ORM, the server's tables. About 20 ms. */
export function fingerprintNow(): string {
  const files = globSync(['apps/**/*.{ts,json}', 'packages/{orm,server}/**/*.ts', 'package-lock.json'], {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  })
  const hash = createHash('sha256')
  for (const file of files.filter((name) => !name.endsWith('.test.ts')).sort())
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex').slice(0, 16)
}

/** What `instance list` shows and the registry keeps: the version, and which exact tree. */
export const release = (): string => `${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}+${releaseFingerprint()}`
