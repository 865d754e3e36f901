import { lazy } from 'react'

const load = () => import('./FormView.tsx')

/** The form, which a list is usable without. */
export const FormView = lazy(async () => ({ default: (await load()).FormView }))

/** Fetches the form while one looks at something else. */
export function fetchForm(): void {
  const idle = (globalThis as { requestIdleCallback?: (work: () => void) => void }).requestIdleCallback ?? ((work) => setTimeout(work, 800))
  // Rows are drawn in the frame after their list, which has measured its room by then.
  requestAnimationFrame(() => requestAnimationFrame(() => idle(() => void load())))
}
