import type { ModelViews } from '@erp4/orm/views-types'
import type { Values } from '../fields/widget.ts'
import { ask } from '../rpc.ts'
import { type Kept, keepViews, knownViews, loadViews } from './views.ts'

/** What the user may do with one record. */
export interface May {
  readonly write: boolean
  readonly unlink: boolean
}

/** A record as its form shows it, or what a new one begins with. */
export interface Opened {
  readonly views: ModelViews
  /** False where there is none, or none for this user. */
  readonly record?: Values | false
  readonly defaults?: Values
  readonly may?: May | false
}

/** Reads one record in one request, with how to show it where that is not known yet. */
export async function openForm(model: string, id: number | 'new', context: Readonly<Record<string, unknown>>): Promise<Opened> {
  const wanted = knownViews(model) === undefined
  const params = { model, ...(id === 'new' ? {} : { id }), views: wanted, context }
  const { views, ...opened } = await ask<Omit<Opened, 'views'> & Kept & { readonly views?: ModelViews }>('form', params)
  if (views) keepViews(views, opened)
  // Its fields may have become others with this very answer.
  return { ...opened, views: await loadViews(model) }
}
