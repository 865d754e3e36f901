import type { Env } from '../../env.ts'
import { UserError } from '../../errors.ts'
import type { Model } from '../../registry.ts'
import { createRecords, faultsOf } from '../create.ts'
import { asSentence } from '../database-errors.ts'
import { addExternalIds } from '../external-ids.ts'
import { lockRecords } from '../lock.ts'
import { demandEver } from '../read.ts'
import { inSavepoint } from '../savepoint.ts'
import { sortValues } from '../values.ts'
import { writeRecords } from '../write.ts'
import { mayEver } from '../../rules.ts'
import { type Draft, type Message, draftsOf, note } from './drafts.ts'
import { type Done, type Values, differencesOf, historyOf } from './history.ts'
import { type Text, extract, planColumns } from './plan.ts'

export interface LoadOptions {
  /** Keeps the records that can be kept; else one bad row undoes all. */
  keepGood: boolean
  /** At most so many records; the rest is for the next call. */
  limit: number | null
  /** Leaves alone what would not change, and tells in `done` what was done and how to take it back. */
  keepsHistory?: boolean
}

export interface Loaded {
  /** By record of the file; false for one that was not kept, and for all where nothing was. */
  readonly ids: readonly (number | false)[] | false
  readonly messages: readonly Message[]
  /** The row to go on with; 0 when all are done. */
  readonly nextrow: number
  /** Each record that was kept, where history was asked for. */
  readonly done: readonly Done[]
  /** So many errors were found that some rows were not tried: with fewer rows at once they would be. */
  readonly isCut: boolean
}

/** Savepoints in one transaction beyond which PostgreSQL slows everybody down (kernel §3); one is kept for the whole. */
const mostSavepoints = 59

/**
 * Creates and changes records from rows of text. The whole is tried first; what fails is halved until the bad rows are found, as often as
 * `mostSavepoints` allows. Throws ValueError for a column that is not there for the caller; what is wrong with rows is in the messages.
 */
export async function loadRows(
  env: Env,
  model: Model,
  fields: readonly string[],
  rows: readonly (readonly Text[])[],
  { keepGood, limit, keepsHistory = false }: LoadOptions,
): Promise<Loaded> {
  if (!mayEver(env, model, 'write')) demandEver(env, model, 'create')
  const plan = planColumns(env, model, fields)
  const all = extract(plan, rows)
  const extracts = limit === null ? all : all.slice(0, limit)
  const nextrow = extracts.length < all.length ? all[extracts.length]!.from : 0
  const drafts = await draftsOf(env, plan, extracts)
  await findFaults(env, model, drafts.filter(isGood))
  const messages = (): Message[] => drafts.flatMap((draft) => draft.messages)
  const refused = (): Loaded => ({ ids: false, messages: messages(), nextrow, done: [], isCut: importer.isCut })
  const importer = new Importer(env, model, keepsHistory)
  if (!keepGood && messages().length > 0) return refused()
  if (keepGood) await importer.saveAll(drafts)
  else
    await inSavepoint(env, async () => {
      await importer.saveAll(drafts)
      if (messages().length > 0) throw new Undone()
    }).catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error
    })
  if (!keepGood && messages().length > 0) return refused()
  const ids = drafts.map((draft) => (isGood(draft) ? draft.id! : false))
  const done = keepsHistory ? await historyOf(env, model, drafts.filter(isGood)) : []
  return { ids, messages: messages(), nextrow, done, isCut: importer.isCut }
}

/** Takes back what was written to find out what is wrong. */
class Undone extends Error {}

const isGood = (draft: Draft): boolean => draft.messages.length === 0

/** What can be known before the first statement: missing and unfitting values. */
async function findFaults(env: Env, model: Model, drafts: readonly Draft[]): Promise<void> {
  const fresh = drafts.filter((draft) => draft.isNew)
  // A link to a record of the file stands for any id while it has none.
  const faults = await faultsOf(
    env,
    model,
    fresh.map((draft) => draft.values),
  ).catch((error: unknown) => {
    if (error instanceof UserError) return []
    throw error
  })
  faults.forEach((fault, i) => {
    if (fault && fresh[i]!.links.size === 0) note(fresh[i]!, false, fault.message)
  })
  for (const draft of drafts) {
    if (draft.isNew) continue
    await sortValues(env, model, draft.values, 'write').catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error
      note(draft, false, error.message)
    })
  }
}

class Importer {
  readonly #env: Env
  readonly #model: Model
  readonly #keepsHistory: boolean
  #savepoints = 0
  isCut = false

  constructor(env: Env, model: Model, keepsHistory: boolean) {
    this.#env = env
    this.#model = model
    this.#keepsHistory = keepsHistory
  }

  /** Those without links to others of the file first, then those that link to them, and so on. */
  async saveAll(drafts: readonly Draft[]): Promise<void> {
    const waves: Draft[][] = []
    for (const [draft, wave] of wavesOf(drafts)) (waves[wave] ??= []).push(draft)
    for (const wave of waves) {
      const ready = (wave ?? []).filter((draft) => isGood(draft) && this.#isReady(draft))
      await this.#save(ready, false)
    }
  }

  /** Fills in what the records above have become; a record whose parent failed fails with it. */
  #isReady(draft: Draft): boolean {
    for (const [field, target] of draft.links) {
      if (target.id === null || !isGood(target)) {
        note(draft, field, this.#env.t('It refers to row {row}, which could not be imported', { row: String(target.rows.from + 1) }))
        return false
      }
      draft.values[field] = target.id
    }
    if (draft.same && (!isGood(draft.same) || draft.same.id === null)) {
      note(
        draft,
        'id',
        this.#env.t('It changes the record of row {row}, which could not be imported', { row: String(draft.same.rows.from + 1) }),
      )
      return false
    }
    if (draft.same) draft.id = draft.same.id
    return true
  }

  /** True when all were saved. `isBad`: one of them is known to fail, so that trying them together would teach nothing. */
  async #save(drafts: readonly Draft[], isBad: boolean): Promise<boolean> {
    if (drafts.length === 0) return true
    if (this.#savepoints >= mostSavepoints) {
      this.isCut = true
      for (const draft of drafts) note(draft, false, this.#env.t('Not tried: too many other rows have errors. Mend those first.'))
      return false
    }
    if (!isBad || drafts.length === 1) {
      const error = await this.#attempt(drafts)
      if (!error) return true
      if (drafts.length === 1) {
        note(drafts[0]!, false, error.message)
        return false
      }
    }
    const middle = Math.ceil(drafts.length / 2)
    const isLeftGood = await this.#save(drafts.slice(0, middle), false)
    await this.#save(drafts.slice(middle), isLeftGood)
    return false
  }

  async #attempt(drafts: readonly Draft[]): Promise<UserError | null> {
    this.#savepoints++
    const made = drafts.filter((draft) => draft.isNew)
    try {
      await inSavepoint(this.#env, async () => {
        await this.#write(
          made,
          drafts.filter((draft) => !draft.isNew),
        )
      })
      return null
    } catch (error) {
      for (const draft of made) draft.id = null
      const said = asSentence(this.#env, error)
      if (said instanceof UserError) return said
      // A deadlock, a lost connection, a mistake of ours: not the row's fault.
      throw error
    }
  }

  async #write(made: readonly Draft[], changed: readonly Draft[]): Promise<void> {
    const [env, model] = [this.#env, this.#model]
    if (made.length > 0) {
      const ids = await createRecords(
        env,
        model,
        made.map((draft) => draft.values),
      )
      made.forEach((draft, i) => {
        draft.id = ids[i]!
      })
    }
    if (changed.length > 0) {
      const given = new Map(changed.map((draft) => [draft.id!, draft.values]))
      const values = this.#keepsHistory ? await this.#different(changed, given) : given
      await writeRecords(env, model, [...values.keys()], (id) => values.get(id)!)
    }
    await addExternalIds(
      env,
      [...made, ...changed]
        .filter((draft) => draft.isNamed)
        .map(({ xid, id }) => {
          const [module = '', ...name] = xid!.split('.')
          return { module, name: name.join('.'), model: model.name, res_id: id! }
        }),
    )
  }

  /** Of what is given, what the records do not hold already; notes on each draft what they hold. */
  async #different(changed: readonly Draft[], given: ReadonlyMap<number, Values>): Promise<Map<number, Values>> {
    // Locked first: what is noted here is what an undo puts back.
    await lockRecords(this.#env, this.#model, [...given.keys()], 'write')
    const found = await differencesOf(this.#env, this.#model, given)
    for (const draft of changed) draft.before = found.get(draft.id!)!.before
    return new Map([...found].filter(([, { values }]) => Object.keys(values).length > 0).map(([id, { values }]) => [id, values]))
  }
}

/** Each draft with the number of its wave: after all that it links to, and after the row above that is the same record. */
function wavesOf(drafts: readonly Draft[]): Map<Draft, number> {
  const waves = new Map<Draft, number>()
  const last = new Map<Draft, number>()
  for (const draft of drafts) {
    const before = [...draft.links.values()].map((target) => waves.get(target)!)
    const root = draft.same ?? draft
    if (last.has(root)) before.push(last.get(root)!)
    const wave = before.length === 0 ? 0 : Math.max(...before) + 1
    waves.set(draft, wave)
    last.set(root, wave)
  }
  return waves
}
