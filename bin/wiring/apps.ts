import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type App, type Registry, assemble } from '@erp4/orm'
import { CommandError } from '../exit-codes.ts'

const folder = join(import.meta.dirname, '..', '..', 'apps')

/** Every app of this release; a folder under `apps/` exports its manifest under its own name. */
export async function loadApps(): Promise<(apps: readonly string[]) => Registry> {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'index.ts')))
  const known = new Map<string, App>()
  for (const name of names) known.set(name, ((await import(`@erp4/${name}`)) as Record<string, App>)[name]!)
  const registries = new Map<string, Registry>()
  return (apps) => {
    const key = [...apps].sort().join(' ')
    const found = registries.get(key)
    if (found) return found
    const made = assemble(apps.map((name) => known.get(name) ?? missing(name)))
    registries.set(key, made)
    return made
  }
}

function missing(name: string): never {
  throw new CommandError('not_found', `There is no app named ${JSON.stringify(name)} in this release.`)
}
