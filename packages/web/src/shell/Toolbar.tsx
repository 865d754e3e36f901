import type { ReactNode } from 'react'
import { useTexts } from '../i18n/index.ts'

/** What can be done with what is below it. */
export function Toolbar({ children }: { children: ReactNode }) {
  const t = useTexts()
  return (
    <div className="toolbar" role="group" aria-label={t.actions}>
      {children}
    </div>
  )
}
