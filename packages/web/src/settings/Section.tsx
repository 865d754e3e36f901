import { type ReactNode, useId } from 'react'

/** A part of a settings page: a heading, what it is about, and what can be set. */
export function Section({ title, hint, action, children }: { title: string; hint?: string; action?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <section className="settings-card" aria-labelledby={id}>
      <div className="settings-card-head">
        <h2 id={id}>{title}</h2>
        {action}
      </div>
      {hint && <p className="soft">{hint}</p>}
      {children}
    </section>
  )
}
