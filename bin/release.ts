import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
let fingerprint: string | undefined

/** Changes with any line that could change what a template holds: the apps, the ORM, the server's tables. About 20 ms, once. */
export function releaseFingerprint(): string {
  if (fingerprint) return fingerprint
  const files = globSync(['apps/**/*.{ts,json}', 'packages/{orm,server}/**/*.ts', 'package-lock.json'], {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  })
  const hash = createHash('sha256')
  for (const file of files.filter((name) => !name.endsWith('.test.ts')).sort())
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  fingerprint = hash.digest('hex').slice(0, 16)
  return fingerprint
}

/** What `instance list` shows and the registry keeps: the version, and which exact tree. */
export const release = (): string => `${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}+${releaseFingerprint()}`
