import { type Env, type MenuMeta, type ModelViews, callMethod, menusFor, viewsFor } from '@erp4/orm'
import type { Instance } from '../instance.ts'
import { textsFor } from '../pages/texts.ts'
import { sessionInfo } from '../rpc/session-info.ts'
import { type Kept, choicesFor, keptFor, rowsOf } from './open.ts'
import { stampOf } from './stamp.ts'

/** What the client knows before it asks for anything. */
export interface Start {
  readonly session: { readonly user_context: { readonly lang: string } } & Readonly<Record<string, unknown>>
  readonly languages: readonly { readonly code: string; readonly name: string }[]
  /** What stands above every screen of a copy. */
  readonly banner: string | null
  /** Of the fields that people made (`stampOf`): another one in an answer means that the views are others by now. */
  readonly fields: string
  readonly menus: readonly MenuMeta[]
  /** What this user chose about the client itself: the order of his apps, whether forms save themselves. */
  readonly choices: Kept['choices']
  /** Of the model that the address names: with them its list or record is one request away. */
  readonly views: (ModelViews & Kept) | null
}

export async function startOf(env: Env, instance: Instance, url: string): Promise<Start> {
  const menus = menusFor(env)
  const session = (await sessionInfo(env, env.user, instance)) as Start['session']
  return {
    session,
    languages: await languages(env),
    banner: bannerOf(instance, env.context.lang),
    fields: stampOf(env.registry),
    menus,
    choices: await choicesFor(env, 'client'),
    views: await viewsAt(env, menus, url),
  }
}

function bannerOf({ record: { kind, copy } }: Instance, lang: string): string | null {
  return kind === 'copy' && copy ? textsFor(lang, undefined).copy(copy.of, copy.made, copy.expires) : null
}

async function languages(env: Env): Promise<Start['languages']> {
  const model = env.registry.models.get('res.lang')
  if (!model) return []
  const call = { model: 'res.lang', method: 'search_read', args: [[['active', '=', true]], ['code', 'name']], kwargs: {} }
  return rowsOf(await callMethod(env, call)).map(({ code, name }) => ({ code: String(code), name: String(name) }))
}

/** `/odoo/contacts/7` shows res.partner, and so does `/odoo/res.partner`: the last word that is no number says it. */
async function viewsAt(env: Env, menus: readonly MenuMeta[], url: string): Promise<Start['views']> {
  const word = url
    .split('?', 1)[0]!
    .split('/')
    .slice(2)
    .findLast((step) => step !== '' && step !== 'new' && !/^\d+$/.test(step))
  if (word === undefined) return null
  const model = env.registry.models.get(findMenu(menus, word)?.model ?? word)
  const views = model && viewsFor(env, model)
  return views ? { ...views, ...(await keptFor(env, model)) } : null
}

function findMenu(menus: readonly MenuMeta[], path: string): MenuMeta | undefined {
  for (const menu of menus) {
    const found = menu.path === path && menu.model ? menu : findMenu(menu.children, path)
    if (found) return found
  }
  return undefined
}
