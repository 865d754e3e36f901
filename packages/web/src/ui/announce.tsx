import { type ReactNode, useCallback, useState } from 'react'

/** A sentence for those who listen to the screen: `say` it, and put the element somewhere into the view. */
export function useAnnouncer(): { readonly announcer: ReactNode; readonly say: (sentence: string) => void } {
  const [said, setSaid] = useState({ sentence: '', times: 0 })
  const say = useCallback((sentence: string): void => setSaid(({ times }) => ({ sentence, times: times + 1 })), [])
  // Another element each time: the same sentence twice is said twice.
  const announcer = (
    <div className="sr" role="status" aria-live="assertive">
      <span key={said.times}>{said.sentence}</span>
    </div>
  )
  return { announcer, say }
}
