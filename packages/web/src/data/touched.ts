/** Forms that show a record, and how they read it anew when something else than their own buttons changed it. */
const shown = new Map<string, () => void>()

const nameOf = ({ model, id }: { model: string; id: number }): string => `${model},${id}`

export function onTouch(record: { model: string; id: number }, readAgain: () => void): () => void {
  shown.set(nameOf(record), readAgain)
  return () => shown.delete(nameOf(record))
}

/** Tells that a record was changed beside its form. */
export const touch = (record: { model: string; id: number }): void => shown.get(nameOf(record))?.()
