/** So long a finger rests before it means more than a touch; a scroll has begun by then. */
const restMs = 450
const slackPx = 10

/**
 * Watches a finger that went down until it goes up: calls `onLong` where it rested, once. The click and the menu of the browser that would follow are
 * swallowed. A mouse is left alone: it has better ways.
 */
export function watchPress(down: PointerEvent, onLong: () => void): void {
  if (down.pointerType === 'mouse' || !down.isPrimary) return
  const watching = new AbortController()
  const { signal } = watching
  let isLong = false
  const timer = setTimeout(() => {
    isLong = true
    onLong()
  }, restMs)
  const end = (): void => {
    clearTimeout(timer)
    watching.abort()
    // A finger's click comes a moment after it went up.
    if (isLong) swallowClick(300)
  }
  addEventListener(
    'pointermove',
    (event) => {
      if (!isLong && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > slackPx) end()
    },
    { signal },
  )
  addEventListener('pointerup', end, { signal })
  addEventListener('pointercancel', end, { signal })
  addEventListener('contextmenu', (event) => event.preventDefault(), { signal })
}

/** The click that follows a gesture within `ms` is none. */
export function swallowClick(ms = 0): void {
  const swallow = (event: Event): void => {
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('click', swallow, { capture: true, once: true })
  setTimeout(() => removeEventListener('click', swallow, { capture: true }), ms)
}
