import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { noteSearch, recentSearches } from '../data/recent.ts'
import type { KnownViews } from '../data/views.ts'
import { parseNumber } from '../format.ts'
import { type Texts, useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { IconSearch, IconX } from '../ui/icons.ts'
import { type Facet, addValue, offersOf, sentenceOf } from './facets.ts'
import { SearchMenu } from './SearchMenu.tsx'

interface Suggestion {
  readonly key: string
  readonly subject: string
  readonly label: string
  readonly facets: readonly Facet[]
}

interface Props {
  /** Of the input: keys of the screen go to `search`. */
  readonly id?: string
  readonly views: KnownViews
  readonly facets: readonly Facet[]
  readonly order: string
  readonly onChange: (facets: readonly Facet[]) => void
}

/** One field for every search: what is typed is offered for each field, what was chosen stands before it as a sentence of chips. */
export function SearchBar({ id: inputId = 'search', views, facets, order, onChange }: Props) {
  const t = useTexts()
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const [isOpen, setOpen] = useState(false)
  const meant = useSuggestions(views, facets, text)
  const isBlank = text.trim() === ''
  const suggestions = isBlank ? (isOpen ? latelyIn(views, facets, t) : []) : meant
  const shown = isOpen && suggestions.length > 0

  useEffect(() => setAt(0), [text])

  const change = (next: readonly Facet[]): void => {
    if (next.length > 0) noteSearch(views.model, next)
    onChange(next)
  }
  const choose = (one: Suggestion | undefined): void => {
    if (!one) return
    setText('')
    setOpen(false)
    change(one.facets)
    input.current?.focus()
  }

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return // Enter ends a Korean syllable first
    if (event.key === 'ArrowDown' && !isOpen) setOpen(true)
    else if (event.key === 'ArrowDown' && shown) setAt((at + 1) % suggestions.length)
    else if (event.key === 'ArrowUp' && shown) setAt((at + suggestions.length - 1) % suggestions.length)
    else if (event.key === 'Enter' && shown) choose(suggestions[at])
    else if (event.key === 'Escape' && (text !== '' || shown)) {
      setText('')
      setOpen(false)
    } else if (event.key === 'Escape') input.current?.blur()
    else if (event.key === 'Backspace' && text === '' && facets.length > 0) change(facets.slice(0, -1))
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div className="search" role="search">
      <div className="search-box" onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
        <IconSearch size={16} aria-hidden />
        {facets.map((facet, i) => (
          <Chip key={i} facet={facet} views={views} onRemove={() => change(facets.filter((one) => one !== facet))} />
        ))}
        <input
          ref={input}
          id={inputId}
          className="search-input"
          value={text}
          placeholder={facets.length === 0 ? t.searchPlaceholder : ''}
          aria-label={t.search}
          role="combobox"
          // Escape takes back what was typed before it closes a dialogue around it.
          data-mantine-stop-propagation={text !== '' || shown || undefined}
          aria-expanded={shown}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          {...(shown ? { 'aria-activedescendant': `${id}-${at}` } : {})}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value)
            setOpen(true)
          }}
          onClick={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        <SearchMenu views={views} facets={facets} order={order} onChange={change} />
      </div>
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={isBlank ? t.searchedLately : t.searchSuggestions}
        className="suggestions"
        hidden={!shown}
      >
        {shown &&
          suggestions.map((one, i) => (
            <li
              key={one.key}
              data-first={isBlank && i === 0 ? t.searchedLately : undefined}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => choose(one)}
              onPointerMove={() => setAt(i)}
            >
              <span className="soft">{one.subject}</span> <strong>{one.label}</strong>
            </li>
          ))}
      </ul>
    </div>
  )
}

function Chip({ facet, views, onRemove }: { facet: Facet; views: KnownViews; onRemove: () => void }) {
  const t = useTexts()
  const { subject, says } = sentenceOf(facet, views, t)
  const whole = subject === '' ? says : `${subject}: ${says}`
  return (
    <span className="chip" data-kind={'by' in facet ? 'group' : 'filter'}>
      <span>
        {subject !== '' && <span className="chip-subject">{subject} </span>}
        {says}
      </span>
      <button type="button" aria-label={t.removeFilter(whole)} onClick={onRemove}>
        <IconX size={13} aria-hidden />
      </button>
    </span>
  )
}

/** What was searched here before, but for what is searched now. */
function latelyIn(views: KnownViews, facets: readonly Facet[], t: Texts): Suggestion[] {
  const now = JSON.stringify(facets)
  return recentSearches<Facet>(views.model).flatMap((one) => {
    const key = JSON.stringify(one)
    const sentences = one.map((facet) => sentenceOf(facet, views, t))
    const label = sentences.map(({ subject, says }) => (subject === '' ? says : `${subject}: ${says}`)).join(' · ')
    return key === now || label === '' ? [] : [{ key, subject: '', label, facets: one }]
  })
}

/** What the text could mean, for each field that the view searches in. */
function useSuggestions(views: KnownViews, facets: readonly Facet[], typed: string): Suggestion[] {
  const t = useTexts()
  const text = typed.trim()
  const [settled] = useDebouncedValue(text, 180)
  const { fields } = offersOf(views)
  const links = fields.filter(({ type }) => type === 'many2one' || type === 'many2many').slice(0, 3)
  const { data: found = [] } = useQuery({
    queryKey: ['suggest', views.model, settled],
    queryFn: async () => Promise.all(links.map(async (field) => [field, await namesLike(field, settled)] as const)),
    enabled: settled.length >= 2 && links.length > 0,
  })
  if (text === '') return []
  const named = found.flatMap(([field, pairs]) =>
    pairs
      .filter(([, name]) => name.toLowerCase().includes(text.toLowerCase()))
      .map(([id, name]) => suggestion(facets, field, id, name, t.fieldIs(field.string))),
  )
  return [...fields.flatMap((field) => suggestionsFor(field, facets, text, t)), ...named].slice(0, 14)
}

const namesLike = (field: FieldMeta, text: string): Promise<(readonly [number, string])[]> =>
  call(field.relation!, 'name_search', [text], { limit: 3 }).catch(() => []) as Promise<(readonly [number, string])[]>

const suggestion = (
  facets: readonly Facet[],
  field: FieldMeta,
  value: string | number | boolean,
  label: string,
  subject: string,
): Suggestion => ({
  key: `${field.name}=${String(value)}`,
  subject,
  label,
  facets: addValue(facets, field.name, value, label),
})

function suggestionsFor(field: FieldMeta, facets: readonly Facet[], text: string, t: ReturnType<typeof useTexts>): Suggestion[] {
  const is = t.fieldIs(field.string)
  switch (field.type) {
    case 'integer':
    case 'float':
    case 'monetary': {
      const number = parseNumber(text)
      return number === undefined ? [] : [suggestion(facets, field, number, text, is)]
    }
    case 'selection':
      return field
        .selection!.filter(([, label]) => label.toLowerCase().includes(text.toLowerCase()))
        .slice(0, 3)
        .map(([key, label]) => suggestion(facets, field, key, label, is))
    case 'boolean':
      return []
    case 'date':
    case 'datetime':
      return /^\d{4}-\d\d-\d\d$/.test(text) ? [suggestion(facets, field, text, text, is)] : []
    default:
      return [suggestion(facets, field, text, text, t.fieldHas(field.string))]
  }
}
