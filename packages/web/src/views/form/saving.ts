import { useCallback, useEffect, useRef, useState } from 'react'
import { useOwn } from '../../data/own.ts'
import { changedInForm } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { type Guard, type Place, formatPlace, go, guardLeaving, historyState } from '../../location.ts'
import { Refusal, call } from '../../rpc.ts'
import { choose } from '../../ui/confirm.tsx'
import { tell, tellFailure, tellUndoable } from '../../ui/notify.ts'
import { problemsOf } from './check.ts'
import { type Clash, readClash } from './Conflict.tsx'
import { type FormRecord, useRecord } from './record.ts'

export interface Saving {
  /** Answers whether the record is saved. A second key, pressed while the first is at work, is told what came of the first. */
  readonly save: () => Promise<boolean>
  readonly isSaving: boolean
  /** The last save was the form's own. */
  readonly isSavedByItself: boolean
  /** Takes the last save back, while it can be; the server refuses where somebody changed the record since. */
  readonly undo: (() => Promise<void>) | null
  /** What somebody else saved meanwhile, to be decided about. */
  readonly clash: Clash | null
  readonly settleClash: () => void
}

/** Saves what a form holds, tells what came of it, and lets nobody leave with something unsaved unasked. */
export function useSaving(record: FormRecord, place: Place, showProblems: (found: Readonly<Record<string, string>>) => void): Saving {
  const t = useTexts()
  const [clash, setClash] = useState<Clash | null>(null)
  const [isSaving, setSaving] = useState(false)
  /** The version that the last save made. */
  const [undoable, setUndoable] = useState<number | null>(null)
  const version = useRecord(record, ({ saved }) => saved['version'])
  const isDirty = useRecord(record, (one) => one.isDirty)
  const { autosave } = useOwn()
  /** Of what is under way: somebody asked for it, and is told what keeps it. */
  const isAsked = useRef(false)
  const [byItself, setByItself] = useState<number | null>(null)

  const undo = useCallback(async (): Promise<void> => {
    try {
      await call(record.model, 'web_undo', [[record.id]], { version: record.saved['version'] })
      const now = await record.readNow()
      if (now) record.reset(now)
      setUndoable(null)
      tell(t.saveUndone)
      void changedInForm()
    } catch (error) {
      tellFailure(error, t)
    }
  }, [record, t])

  const saveOnce = useCallback(async (): Promise<boolean> => {
    if (!record.isDirty && record.id !== null) return true
    // What the last keys bring may be what is required.
    await record.settled()
    for (const name of isAsked.current ? record.lineFields : []) record.dropBlank(name)
    if (!record.isDirty && record.id !== null) return true
    const found = problemsOf(record, t)
    if (Object.keys(found).length > 0) {
      if (isAsked.current) showProblems(found)
      return false
    }
    const wasNew = record.id === null
    setSaving(true)
    try {
      const id = await record.save()
      void changedInForm()
      setByItself(isAsked.current ? null : (record.saved['version'] as number))
      if (wasNew) tell(t.saved)
      else if (isAsked.current) tellUndoable(t.saved, { label: t.undo, run: () => void undo() })
      setUndoable(record.saved['version'] as number)
      if (wasNew) await go(placeOfSaved(place, id), { replace: true, force: true, stays: true, state: historyState() })
      return true
    } catch (error) {
      const found = error instanceof Refusal && error.isConflict ? await readClash(record).catch(() => null) : null
      if (found) setClash(found)
      else tellFailure(error, t)
      return false
    } finally {
      setSaving(false)
    }
  }, [record, t, place, showProblems, undo])
  const underWay = useRef<Promise<boolean>>(null)
  const start = useCallback((): Promise<boolean> => (underWay.current ??= saveOnce().finally(() => (underWay.current = null))), [saveOnce])
  const save = useCallback(async (): Promise<boolean> => {
    isAsked.current = true
    try {
      return await start()
    } finally {
      isAsked.current = false
    }
  }, [start])

  useAutosave(record, autosave, start)
  useGuard(record, isDirty, save, autosave)
  const isSavedByItself = byItself === version && !isDirty
  return { save, isSaving, isSavedByItself, undo: undoable === version && !isDirty ? undo : null, clash, settleClash: () => setClash(null) }
}

/** So long the hands rest before a form saves itself. */
const restMs = 1500

/**
 * Saves a record that is there already, for who wants it, when the hands rest: whole and valid or not at all, and not under the cursor of a line,
 * which would go with it. What the server refuses is told, and tried again with the next change.
 */
function useAutosave(record: FormRecord, isOn: boolean, save: () => Promise<boolean>): void {
  useEffect(() => {
    if (!isOn) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = (): void => {
      clearTimeout(timer)
      if (record.id !== null && record.isDirty) timer = setTimeout(rest, restMs)
    }
    const rest = (): void => {
      if (document.activeElement?.closest('[data-cell]')) wait()
      else void save()
    }
    const stop = record.subscribe(wait)
    wait()
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [record, isOn, save])
}

const placeOfSaved = ({ steps }: Place, id: number): string => formatPlace([...steps.slice(0, -1), { ...steps.at(-1)!, id }])

/**
 * Asks before what is unsaved is left: in the page with the choice to save, at its end with what the browser has. Answers the question itself, for
 * other ways to leave.
 */
export function useGuard(record: FormRecord, isDirty: boolean, save: () => Promise<boolean>, savesByItself = false): Guard {
  const t = useTexts()
  const ask = useCallback(async (): Promise<boolean> => {
    if (!record.isDirty) return true
    if (savesByItself && record.id !== null && Object.keys(problemsOf(record, t)).length === 0) return save()
    const answer = await choose({
      title: t.unsavedTitle,
      body: t.unsavedHint,
      answers: [{ label: t.saveAndLeave }, { label: t.discardAndLeave, tone: 'quiet' }],
    })
    if (answer === 1) record.discard()
    return answer === 0 ? save() : answer === 1
  }, [record, save, savesByItself, t])
  useEffect(() => guardLeaving(ask), [ask])
  useEffect(() => {
    if (!isDirty) return undefined
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [isDirty])
  return ask
}
