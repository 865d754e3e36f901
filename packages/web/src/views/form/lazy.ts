import { lazy, useEffect } from 'react'

const load = () => import('./FormView.tsx')

/** The form, which a list is usable without. */
export const FormView = lazy(async () => ({ default: (await load()).FormView }))

/**
 * Fetches the form while one looks at what `isDrawn`: not before that stands in the document, in whose way the form's files would come. Effects run
 * when it stands there.
 */
export function useFormFetched(isDrawn: boolean): void {
  useEffect(() => {
    if (!isDrawn) return
    const idle =
      (globalThis as { requestIdleCallback?: (work: () => void) => void }).requestIdleCallback ?? ((work) => setTimeout(work, 800))
    idle(() => void load())
  }, [isDrawn])
}

/** The same beside something that is there as soon as it is drawn at all: behind the same `Suspense`. */
export function FetchForm(): null {
  useFormFetched(true)
  return null
}
