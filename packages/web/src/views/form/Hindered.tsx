import { Tooltip } from '@mantine/core'
import { type ReactElement, useId } from 'react'
import type { ButtonNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import type { Values } from '../../fields/widget.ts'
import { useTexts } from '../../i18n/index.ts'
import { tell } from '../../ui/notify.ts'

/** Why the button's action cannot be done now, as far as its view says so; empty where nothing is known that hinders it. */
export const hindrance = ({ needs = [] }: ButtonNode, values: Values): string => needs.find(([where]) => !holds(where, values))?.[1] ?? ''

/** What a control of something that may not be possible has on it. */
export interface Hindrance {
  readonly 'aria-disabled'?: true
  readonly 'aria-describedby'?: string
  readonly onClick: () => void
}

/**
 * A control that can be reached whether or not it can be used, and says `why` not: to the mouse that rests on it, to the keyboard, to who
 * listens, and to whoever tries all the same.
 */
export function Hindered({ why, onClick, children }: { why: string; onClick: () => void; children: (how: Hindrance) => ReactElement }) {
  const t = useTexts()
  const id = useId()
  if (why === '') return children({ onClick })
  return (
    <>
      <Tooltip label={t.notYet(why)} events={{ hover: true, focus: true, touch: false }} position="bottom" multiline maw={320} withArrow>
        {children({ 'aria-disabled': true, 'aria-describedby': id, onClick: () => tell(why) })}
      </Tooltip>
      <span id={id} className="sr">
        {why}
      </span>
    </>
  )
}
