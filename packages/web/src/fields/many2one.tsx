import { Popover } from '@mantine/core'
import { type ReactNode, type Ref, type RefObject, useId, useImperativeHandle, useRef, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { follow, formatPlace } from '../location.ts'
import { recordWord } from '../menus.ts'
import { IconExternal, IconX } from '../ui/icons.ts'
import { tellFailure } from '../ui/notify.ts'
import { type Linked, createNamed, narrowed, takeNames, useNames } from './links.ts'
import type { EditProps, FieldWidget, ShowProps } from './widget.ts'
import { inputProps } from './widget.ts'

// Forms and lists over the page come when they are asked for.
const linkedViews = () => import('../views/linked/index.ts')

export const linkedOf = (value: unknown): Linked | null =>
  typeof value === 'object' && value !== null && 'id' in value ? (value as Linked) : null

function Many2oneEdit(props: EditProps) {
  const { field, value, onChange, shown, compact } = props
  const t = useTexts()
  const linked = linkedOf(value)
  return (
    <div className="link-edit">
      <NamePicker
        edit={props}
        shownName={linked?.display_name ?? ''}
        placeholder={shown.placeholder}
        onPick={onChange}
        onClear={() => onChange(false)}
      />
      {linked && !compact && (
        <span className="link-tools">
          {!props.required && (
            <button type="button" className="bare" aria-label={t.clearField(field.string)} onClick={() => onChange(false)}>
              <IconX size={14} aria-hidden />
            </button>
          )}
          <a
            className="bare"
            aria-label={t.openRecord(linked.display_name)}
            {...follow(formatPlace([{ word: recordWord(field.relation!), id: linked.id }]))}
          >
            <IconExternal size={16} aria-hidden />
          </a>
        </span>
      )}
    </div>
  )
}

interface PickerProps {
  readonly edit: EditProps
  readonly shownName: string
  readonly placeholder?: string | undefined
  readonly onPick: (linked: Linked) => void
  readonly onClear?: () => void
  readonly without?: ReadonlySet<number>
  /** The field takes several: more than one can be taken from the whole list. */
  readonly onPickMany?: (some: readonly Linked[]) => void
}

/** Types a name, picks a record; offers to make one of that name where there is none. */
export function NamePicker({ edit, shownName, placeholder, onPick, onClear, without, onPickMany }: PickerProps) {
  const field = narrowed(edit)
  const t = useTexts()
  const id = useId()
  const [text, setText] = useState<string | null>(null)
  const [isOpen, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const box = useRef<HTMLInputElement>(null)
  const [wanted, setWanted] = useState<string | null>(null)
  const { names, isLoading, isStale, hasMore } = useNames(field, text ?? '', isOpen)
  const found = names.filter((one) => !without?.has(one.id))
  const typed = (text ?? '').trim()
  const canCreate =
    field.creates === true && typed !== '' && !isStale && !names.some((one) => one.display_name.toLowerCase() === typed.toLowerCase())
  const findMore = async (): Promise<readonly Linked[]> =>
    (await linkedViews()).pickInList(field, t.searchIn(field.string), typed, onPickMany && { without: without ?? new Set() })
  const more: { label: string; run: () => Promise<Linked | readonly Linked[] | null> }[] = [
    ...(canCreate ? [{ label: t.createNamed(typed), run: () => createNamed(field, typed) }] : []),
    ...(field.makes === true
      ? [{ label: t.createAndEdit, run: async () => (await linkedViews()).makeInForm(field, t.newIn(field.string), typed) }]
      : []),
    ...(hasMore || typed === '' ? [{ label: t.searchMore, run: findMore }] : []),
  ]
  const count = found.length + more.length
  const close = (): void => {
    setOpen(false)
    setText(null)
    setAt(0)
    setWanted(null)
  }
  const pick = async (i: number): Promise<void> => {
    const one = found[i]
    const other = more[i - found.length]
    close()
    if (one) return onPick(one)
    try {
      const made = (await other?.run()) ?? []
      const some = 'id' in made ? [made] : made
      if (some.length > 1) latest.current.onPickMany?.(some)
      else if (some[0]) latest.current.onPick(some[0])
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const latest = useRef({ typed, onPick, onPickMany, without })
  latest.current = { typed, onPick, onPickMany, without }
  /** Enter or Tab came before the names that they were meant for: the first is taken, unless something else was typed since; none is made. */
  const takeFirst = (): void => {
    setWanted(typed)
    takeNames(field, typed, (names) => {
      const now = latest.current
      const one = now.typed === typed ? names.find(({ id }) => !now.without?.has(id)) : undefined
      if (one || document.activeElement !== box.current) close()
      else setWanted(null)
      if (one) now.onPick(one)
    })
  }
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const takes = event.key === 'Enter' || (event.key === 'Tab' && typed !== '')
    if (takes && isOpen && isStale && at === 0) {
      takeFirst()
      // Tab goes on, and the name follows.
      if (event.key === 'Tab') return
    } else if (event.key === 'ArrowDown') {
      setOpen(true)
      if (isOpen && count > 0) setAt((at + 1) % count)
    } else if (event.key === 'ArrowUp' && isOpen && count > 0) setAt((at + count - 1) % count)
    else if (event.key === 'Enter' && isOpen && count > 0) void pick(at)
    else if (event.key === 'Tab' && isOpen && typed !== '' && at < found.length + (canCreate ? 1 : 0)) return void pick(at)
    else if (event.key === 'Escape' && isOpen) close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <>
      <input
        {...inputProps(edit)}
        ref={box}
        className="input"
        role="combobox"
        // Escape closes the choices, not the dialogue around them.
        data-mantine-stop-propagation={isOpen || undefined}
        aria-expanded={isOpen}
        aria-controls={isOpen ? `${id}-list` : undefined}
        aria-autocomplete="list"
        {...(isOpen && count > 0 ? { 'aria-activedescendant': `${id}-${at}` } : {})}
        autoComplete="off"
        placeholder={placeholder}
        value={text ?? shownName}
        onClick={() => setOpen(true)}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
          setOpen(true)
          if (event.target.value === '' && shownName !== '') onClear?.()
        }}
        onBlur={() => wanted === null && close()}
        onKeyDown={onKeyDown}
      />
      {isOpen && (
        <Below field={box}>
          <ul role="listbox" id={`${id}-list`} aria-label={field.string}>
            {found.map((one, i) => (
              <Option key={one.id} id={`${id}-${i}`} isAt={i === at} onPick={() => void pick(i)}>
                {one.display_name || '–'}
              </Option>
            ))}
            {found.length === 0 && (
              <li role="option" aria-selected={false} aria-disabled className="soft">
                {isLoading ? t.loading : t.nothingFound}
              </li>
            )}
            {more.map(({ label }, i) => (
              <Option
                key={label}
                id={`${id}-${found.length + i}`}
                isAt={at === found.length + i}
                isDoing
                onPick={() => void pick(found.length + i)}
              >
                {label}
              </Option>
            ))}
          </ul>
        </Below>
      )}
    </>
  )
}

/** What is chosen from, below its field. It comes when it is opened: a row of lines has several such fields, and shows one at most. */
function Below({ field, children }: { field: RefObject<HTMLInputElement | null>; children: ReactNode }) {
  return (
    <Popover
      opened
      position="bottom-start"
      width="target"
      shadow="md"
      withinPortal
      withRoles={false}
      returnFocus={false}
      offset={2}
      middlewares={{ shift: true, flip: true }}
    >
      <Popover.Target>
        <Anchor field={field} />
      </Popover.Target>
      <Popover.Dropdown p={0} className="options">
        {children}
      </Popover.Dropdown>
    </Popover>
  )
}

/** Stands for the field where the popover looks for what it hangs on. */
function Anchor({ field, ref }: { field: RefObject<HTMLInputElement | null>; ref?: Ref<HTMLInputElement> }) {
  useImperativeHandle(ref, () => field.current!, [field])
  return null
}

interface OptionProps {
  readonly id: string
  readonly isAt: boolean
  /** Does something, where the others are records. */
  readonly isDoing?: boolean
  readonly onPick: () => void
  readonly children: ReactNode
}

function Option({ id, isAt, isDoing, onPick, children }: OptionProps) {
  return (
    <li id={id} data-doing={isDoing} role="option" aria-selected={isAt} onPointerDown={(event) => event.preventDefault()} onClick={onPick}>
      {children}
    </li>
  )
}

function Many2oneShow({ field, value }: ShowProps) {
  const linked = linkedOf(value)
  if (!linked) return null
  return <a {...follow(formatPlace([{ word: recordWord(field.relation!), id: linked.id }]))}>{linked.display_name || '–'}</a>
}

export const many2one: FieldWidget = { Edit: Many2oneEdit, Show: Many2oneShow }
