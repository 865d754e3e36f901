import { swallowClick } from './press.ts'

/** How far a mouse goes before it drags, and how long a finger rests: less is a click, or a scroll. */
const slackPx = 6
const restMs = 280
/** How near to its edge something scrolls by itself, and how fast. */
const edgePx = 44
const stepPx = 12

export interface DragHandlers {
  /** It is being dragged now. What follows the pointer is a picture of `source`. */
  readonly onStart: () => void
  /** The nearest `data-drop` below the pointer, or null, whenever it is another one than before. */
  readonly onOver: (target: HTMLElement | null) => void
  /** Let go over `target`; null where nothing can be dropped, or where it was given up. `point` is the pointer's place in the window. */
  readonly onEnd: (target: HTMLElement | null, point: Point) => void
}

export interface Point {
  readonly x: number
  readonly y: number
}

/**
 * Watches a pointer that went down on `source` until it goes up: a mouse that moves drags, and so does a finger or pen that rested first. Escape gives up.
 * Places to drop on have `data-drop`. A drag is no click: the one that follows it is swallowed.
 */
export function watchDrag(down: PointerEvent, source: HTMLElement, { onStart, onOver, onEnd }: DragHandlers): void {
  if (down.button !== 0 || !down.isPrimary) return
  const from: Point = { x: down.clientX, y: down.clientY }
  const isMouse = down.pointerType === 'mouse'
  let at = from
  let picture: HTMLElement | null = null
  let over: HTMLElement | null = null
  let frame = 0
  const resting = isMouse ? undefined : setTimeout(() => begin(), restMs)
  const watching = new AbortController()
  const { signal } = watching

  const begin = (): void => {
    picture = pictureOf(source)
    follow()
    onStart()
    document.documentElement.dataset['dragging'] = ''
    frame = requestAnimationFrame(scroll)
  }
  const follow = (): void => {
    picture!.style.transform = `translate(${at.x - from.x}px, ${at.y - from.y}px) rotate(1.5deg)`
    const next = document.elementFromPoint(at.x, at.y)?.closest<HTMLElement>('[data-drop]') ?? null
    if (next === over) return
    over = next
    onOver(over)
  }
  const scroll = (): void => {
    scrollNear(at)
    frame = requestAnimationFrame(scroll)
  }
  const end = (target: HTMLElement | null): void => {
    watching.abort()
    clearTimeout(resting)
    cancelAnimationFrame(frame)
    if (!picture) return
    picture.remove()
    delete document.documentElement.dataset['dragging']
    swallowClick()
    onOver(null)
    onEnd(target, at)
  }

  addEventListener(
    'pointermove',
    (event) => {
      if (event.pointerId !== down.pointerId) return
      at = { x: event.clientX, y: event.clientY }
      if (picture) follow()
      else if (Math.hypot(at.x - from.x, at.y - from.y) < slackPx) return
      else if (isMouse) begin()
      else end(null) // a finger that moves at once scrolls
    },
    { signal },
  )
  addEventListener('pointerup', (event) => event.pointerId === down.pointerId && end(over), { signal })
  addEventListener('pointercancel', (event) => event.pointerId === down.pointerId && end(null), { signal })
  addEventListener('blur', () => end(null), { signal })
  addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape' || !picture) return
      event.preventDefault()
      event.stopPropagation()
      end(null)
    },
    { signal, capture: true },
  )
  // Once the browser has begun to scroll it cannot be stopped: it is told as long as the finger rests, and while something is dragged.
  addEventListener('touchmove', (event) => picture && event.cancelable && event.preventDefault(), { signal, passive: false })
  addEventListener('contextmenu', (event) => !isMouse && event.preventDefault(), { signal })
  source.addEventListener('dragstart', (event) => event.preventDefault(), { signal })
}

/** What is dragged, as it looks, above everything and in nobody's way. */
function pictureOf(source: HTMLElement): HTMLElement {
  const { left, top, width, height } = source.getBoundingClientRect()
  const picture = source.cloneNode(true) as HTMLElement
  picture.classList.add('drag-picture')
  picture.removeAttribute('data-drop')
  picture.setAttribute('aria-hidden', 'true')
  picture.inert = true
  for (const one of [picture, ...picture.querySelectorAll('[id]')]) one.removeAttribute('id')
  Object.assign(picture.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` })
  document.body.append(picture)
  return picture
}

/** Scrolls whatever can be scrolled below the pointer, when the pointer is near its edge. */
function scrollNear({ x, y }: Point): void {
  for (let box = document.elementFromPoint(x, y)?.parentElement; box; box = box.parentElement) {
    if (box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight) continue
    const { left, right, top, bottom } = box.getBoundingClientRect()
    const [across, down] = [toward(x, left, right), toward(y, top, bottom)]
    if (across !== 0 || down !== 0) box.scrollBy(across, down)
  }
}

const toward = (at: number, from: number, to: number): number => (at < from + edgePx ? -stepPx : at > to - edgePx ? stepPx : 0)
