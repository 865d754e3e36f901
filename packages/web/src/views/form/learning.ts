import { useEffect, useRef, useState } from 'react'
import type { ModelViews } from '@erp4/orm/views-types'
import { openForm } from '../../data/form.ts'
import { useFieldChanges } from '../../data/views.ts'
import type { FormRecord } from './record.ts'

/**
 * How a form that is open shows its record: as it began, until fields that people make become others. Then the record learns of them, and nothing
 * that was typed is lost.
 */
export function useLearning(record: FormRecord, context: Readonly<Record<string, unknown>>): ModelViews {
  const changes = useFieldChanges()
  const known = useRef(changes)
  const [views, setViews] = useState(record.views)
  const latest = useRef(context)
  latest.current = context
  useEffect(() => {
    if (known.current === changes) return undefined
    known.current = changes
    let isOver = false
    openForm(record.model, record.id ?? 'new', latest.current).then(
      ({ views: next, record: now, defaults }) => {
        if (isOver || now === false) return
        record.learn(next, now ?? defaults ?? {})
        setViews(next)
      },
      () => {}, // it goes on as it is: saving says what is wrong
    )
    return () => {
      isOver = true
    }
  }, [changes, record])
  return views
}
