import type { Compute } from './model.ts'
import type { FieldInfo, Model } from './registry.ts'

/** "When this changes, that must be computed again", with the way back from one to the other. */
export interface Trigger {
  /** The model that has the computed field, or the constraint. */
  readonly model: Model
  readonly field: FieldInfo | null
  /** Which of the model's constraints must be checked again. */
  readonly constraint: number | null
  /** From the target's model to the model whose field changed; empty when they are one. */
  readonly path: readonly FieldInfo[]
}

/** When what must be recomputed, and in which order. */
export interface Plan {
  /** By the field that changes. */
  readonly triggers: ReadonlyMap<FieldInfo, readonly Trigger[]>
  /** Rank of each stored computed field: lower first. Locks are taken in this order too. */
  readonly ranks: ReadonlyMap<FieldInfo, number>
  /** The stored computed fields that rest on each of them, however far. */
  readonly followers: ReadonlyMap<FieldInfo, ReadonlySet<FieldInfo>>
}

const keyOf = (field: FieldInfo): string => `${field.model.name}.${field.name}`

/** Every stored compute's dependencies, live and related fields on the way replaced by what they need themselves. */
export function planRecompute(models: ReadonlyMap<string, Model>, problems: string[]): Plan {
  const triggers = new Map<FieldInfo, Trigger[]>()
  const edges = new Map<FieldInfo, Set<FieldInfo>>()
  for (const model of models.values()) {
    for (const [name, compute] of model.computes) {
      const target = model.fields.get(name)!
      if (target.computed !== 'stored') {
        expand(
          model,
          compute.needs.map((path) => path.split('.')),
          models,
          problems,
          [keyOf(target)],
        )
        continue
      }
      for (const path of expand(
        model,
        compute.needs.map((need) => need.split('.')),
        models,
        problems,
        [],
      )) {
        for (let i = 0; i < path.length; i++) {
          const changed = path[i]!
          addHop(triggers, models, path, i, { model, field: target, constraint: null })
          if (changed.computed === 'stored' && changed !== target) edges.set(changed, (edges.get(changed) ?? new Set()).add(target))
          if (changed === target && i === 0) problems.push(`${keyOf(target)} needs itself`)
        }
      }
    }
    for (const [constraint, { needs }] of model.constraints.entries()) {
      for (const path of expand(
        model,
        needs.map((need) => need.split('.')),
        models,
        problems,
        [],
      )) {
        for (let i = 0; i < path.length; i++) addHop(triggers, models, path, i, { model, field: null, constraint })
      }
    }
  }
  return { triggers, ranks: rank(models, edges, problems), followers: followersOf(edges) }
}

function followersOf(edges: ReadonlyMap<FieldInfo, ReadonlySet<FieldInfo>>): Map<FieldInfo, ReadonlySet<FieldInfo>> {
  const all = new Map<FieldInfo, Set<FieldInfo>>()
  for (const field of edges.keys()) {
    const found = new Set<FieldInfo>()
    const visit = (at: FieldInfo): void => {
      for (const next of edges.get(at) ?? []) {
        if (found.has(next)) continue
        found.add(next)
        visit(next)
      }
    }
    visit(field)
    all.set(field, found)
  }
  return all
}

function addHop(
  triggers: Map<FieldInfo, Trigger[]>,
  models: ReadonlyMap<string, Model>,
  path: readonly FieldInfo[],
  i: number,
  target: Omit<Trigger, 'path'>,
): void {
  const changed = path[i]!
  addTrigger(triggers, changed, { ...target, path: path.slice(0, i) })
  if (changed.kind !== 'one2many' && changed.kind !== 'many2many') return
  const comodel = models.get(changed.comodel!)!
  // A one2many changes when a line's inverse does, and that is where the change is seen.
  const back = changed.kind === 'one2many' ? comodel.fields.get(changed.inverse!) : comodel.fields.get(String(changed.options['inverse']))
  if (back) addTrigger(triggers, back, { ...target, path: path.slice(0, i + 1) })
  // Archived records leave their lists, unless those keep them.
  if (comodel.hasActive && !changed.options['archived'])
    addTrigger(triggers, comodel.fields.get('active')!, { ...target, path: path.slice(0, i + 1) })
}

function addTrigger(triggers: Map<FieldInfo, Trigger[]>, changed: FieldInfo, trigger: Trigger): void {
  const list = triggers.get(changed) ?? []
  const same = list.some(
    (one) =>
      one.field === trigger.field &&
      one.constraint === trigger.constraint &&
      one.model === trigger.model &&
      one.path.length === trigger.path.length &&
      one.path.every((hop, i) => hop === trigger.path[i]),
  )
  if (!same) list.push(trigger)
  triggers.set(changed, list)
}

/** Paths as fields, with live and related ones replaced by their needs. `through` finds live fields that need each other. */
function expand(
  model: Model,
  paths: readonly (readonly string[])[],
  models: ReadonlyMap<string, Model>,
  problems: string[],
  through: readonly string[],
): FieldInfo[][] {
  return paths.flatMap((path): FieldInfo[][] => {
    const [head = '', ...rest] = path
    const field = model.fields.get(head)
    if (!field) return []
    const inner = field.related
      ? [[...field.related, ...rest]]
      : field.computed === 'live' && !field.magic
        ? model.computes.get(head)?.needs.map((need) => need.split('.'))
        : null
    if (inner) {
      if (through.includes(keyOf(field))) {
        problems.push(`live fields need each other: ${[...through, keyOf(field)].join(' → ')}`)
        return []
      }
      return expand(model, inner, models, problems, [...through, keyOf(field)])
    }
    if (rest.length === 0) return [[field]]
    const comodel = models.get(field.comodel ?? '')
    return comodel ? expand(comodel, [rest], models, problems, through).map((tail) => [field, ...tail]) : []
  })
}

/**
 * Whether what paths lead to differs from language to language: a translated field at their end, or a live one on the way that asks for words.
 * `through` are live fields that are being looked at.
 */
export function isSpoken(
  model: Model,
  paths: readonly string[],
  models: ReadonlyMap<string, Model>,
  through: ReadonlySet<FieldInfo> = new Set(),
): boolean {
  const leads = (at: Model, [head = '', ...rest]: readonly string[]): boolean => {
    const field = at.fields.get(head)
    if (!field) return false
    if (field.options.translate) return true
    if (field.related) return leads(at, [...field.related, ...rest])
    const compute = field.computed === 'live' && !through.has(field) ? at.computes.get(head) : undefined
    if (compute && (asksForWords(compute) || isSpoken(at, compute.needs, models, new Set([...through, field])))) return true
    const comodel = rest.length > 0 ? models.get(field.comodel ?? '') : undefined
    return comodel !== undefined && leads(comodel, rest)
  }
  return paths.some((path) => leads(model, path.split('.')))
}

/** A function that takes words says so by its second parameter. */
export const asksForWords = ({ value }: Compute): boolean => value.length > 1

/** Topological order; what cannot be ordered is reported with its circle. */
function rank(
  models: ReadonlyMap<string, Model>,
  edges: ReadonlyMap<FieldInfo, ReadonlySet<FieldInfo>>,
  problems: string[],
): Map<FieldInfo, number> {
  const ranks = new Map<FieldInfo, number>()
  const visit = (field: FieldInfo, above: readonly FieldInfo[]): number => {
    if (above.includes(field)) {
      problems.push(`computed fields need each other: ${[...above.slice(above.indexOf(field)), field].map(keyOf).join(' → ')}`)
      return 0
    }
    const known = ranks.get(field)
    if (known !== undefined) return known
    const below = [...(edges.get(field) ?? [])].map((next) => visit(next, [...above, field]))
    const height = below.length === 0 ? 0 : Math.max(...below) + 1
    ranks.set(field, height)
    return height
  }
  for (const model of models.values()) for (const field of model.fields.values()) if (field.computed === 'stored') visit(field, [])
  const highest = Math.max(0, ...ranks.values())
  for (const [field, height] of ranks) ranks.set(field, highest - height)
  return ranks
}
