import { ActionIcon, Button, Checkbox, Popover, TextInput, Tooltip, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { type KnownViews, metaOf, reloadFavourites } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { start } from '../start.ts'
import { confirm } from '../ui/confirm.tsx'
import { IconCheck, IconFilter, IconTrash } from '../ui/icons.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { CustomFilter } from './CustomFilter.tsx'
import { type Facet, domainOf, groupsOf, offersOf, specOf, toggleFilter, toggleGroup, toggleSpan } from './facets.ts'
import { periods } from './periods.ts'

interface Props {
  readonly views: KnownViews
  readonly facets: readonly Facet[]
  readonly order: string
  readonly onChange: (facets: readonly Facet[]) => void
}

/** Filters, groups and saved searches to pick from. */
export function SearchMenu(props: Props) {
  const t = useTexts()
  const [isOpen, setOpen] = useState(false)
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      position="bottom-end"
      width="min(760px, calc(100vw - 24px))"
      shadow="md"
      trapFocus
      withRoles
    >
      <Popover.Target>
        <Tooltip label={t.filtersAndGroups}>
          <ActionIcon variant="subtle" color="gray" c="inherit" size="md" aria-label={t.filtersAndGroups} onClick={() => setOpen(!isOpen)}>
            <IconFilter size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown className="search-menu" aria-label={t.filtersAndGroups}>
        <Filters {...props} />
        <Groups {...props} />
        <Saved {...props} close={() => setOpen(false)} />
      </Popover.Dropdown>
    </Popover>
  )
}

const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h2>{title}</h2>
    {children}
  </section>
)

function Pick({ isOn, onPick, children }: { isOn: boolean; onPick: () => void; children: ReactNode }) {
  return (
    <UnstyledButton className="pick" role="checkbox" aria-checked={isOn} onClick={onPick}>
      <span className="pick-mark" aria-hidden>
        {isOn && <IconCheck size={14} />}
      </span>
      {children}
    </UnstyledButton>
  )
}

function Filters({ views, facets, onChange }: Props) {
  const t = useTexts()
  const [isBuilding, setBuilding] = useState(false)
  const offers = offersOf(views)
  const isOn = (name: string): boolean => facets.some((facet) => 'is' in facet && facet.is.includes(name))
  return (
    <Section title={t.filters}>
      {offers.filters.map((run, i) => (
        <div key={i} className="run">
          {run.map(({ name, label }) => (
            <Pick key={name} isOn={isOn(name)} onPick={() => onChange(toggleFilter(facets, offers, name))}>
              {label}
            </Pick>
          ))}
        </div>
      ))}
      {offers.periods.map(({ field, label }) => (
        <details key={field} className="run">
          <summary>{label}</summary>
          {periods.map((span) => (
            <Pick
              key={span}
              isOn={facets.some((facet) => 'time' in facet && facet.time === field && facet.spans.includes(span))}
              onPick={() => onChange(toggleSpan(facets, field, span))}
            >
              {t.periods[span]}
            </Pick>
          ))}
        </details>
      ))}
      {isBuilding ? (
        <CustomFilter
          views={views}
          onDone={(facet) => {
            setBuilding(false)
            if (facet) onChange([...facets, facet])
          }}
        />
      ) : (
        <Button variant="subtle" size="compact-sm" onClick={() => setBuilding(true)}>
          {t.customFilter}
        </Button>
      )}
    </Section>
  )
}

const spans = ['day', 'week', 'month', 'quarter', 'year'] as const

function Groups({ views, facets, onChange }: Props) {
  const t = useTexts()
  const offers = offersOf(views)
  const chosen = groupsOf(facets)
  const offered = new Set(offers.groups.map(({ field }) => field))
  const others = Object.values(metaOf(views).fields)
    .filter(({ groupable, name }) => groupable && !offered.has(name))
    .sort((a, b) => a.string.localeCompare(b.string))
  return (
    <Section title={t.groupBy}>
      {offers.groups.map((node) => {
        const spec = specOf(node)
        return (
          <Pick key={spec} isOn={chosen.includes(spec)} onPick={() => onChange(toggleGroup(facets, spec))}>
            {node.label}
          </Pick>
        )
      })}
      <select
        className="plain-select"
        aria-label={t.groupByOther}
        value=""
        onChange={(event) => event.target.value !== '' && onChange(toggleGroup(facets, event.target.value))}
      >
        <option value="">{t.groupByOther}</option>
        {others.map(({ name, string, type }) =>
          type === 'date' || type === 'datetime' ? (
            spans.map((span) => (
              <option key={`${name}:${span}`} value={`${name}:${span}`}>
                {string} ({t.spans[span]})
              </option>
            ))
          ) : (
            <option key={name} value={name}>
              {string}
            </option>
          ),
        )}
      </select>
    </Section>
  )
}

function Saved({ views, facets, order, onChange, close }: Props & { close: () => void }) {
  const t = useTexts()
  const [favourites, setFavourites] = useState(views.favourites ?? [])
  const [name, setName] = useState('')
  const [isShared, setShared] = useState(false)
  const [isDefault, setDefault] = useState(false)

  const save = async (): Promise<void> => {
    try {
      await call('ir.filters', 'create', [
        {
          name: name.trim(),
          model_id: views.model,
          domain: JSON.stringify(domainOf(facets, views)),
          context: JSON.stringify({ group_by: groupsOf(facets) }),
          sort: order,
          user_id: isShared ? false : start.session.uid,
          is_default: isDefault,
        },
      ])
      setFavourites(await reloadFavourites(views.model))
      setName('')
      close()
      tell(t.searchSaved)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const remove = async (id: number, label: string): Promise<void> => {
    if (!(await confirm(t.deleteSearch(label), t.deleteSearchHint, t.delete, 'danger'))) return
    try {
      await call('ir.filters', 'unlink', [[id]])
      setFavourites(await reloadFavourites(views.model))
    } catch (error) {
      tellFailure(error, t)
    }
  }

  return (
    <Section title={t.savedSearches}>
      {favourites.length === 0 && <p className="soft">{t.noSavedSearches}</p>}
      {favourites.map((one) => (
        <div key={one.id} className="saved">
          <Pick
            isOn={facets.some((facet) => 'saved' in facet && facet.saved === one.id)}
            onPick={() => {
              onChange(favouriteFacets(one))
              close()
            }}
          >
            {one.name}
            {one.user_id === false && <span className="soft"> · {t.shared}</span>}
            {one.is_default && <span className="soft"> · {t.default}</span>}
          </Pick>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="inherit"
            size="sm"
            aria-label={t.deleteSearch(one.name)}
            onClick={() => void remove(one.id, one.name)}
          >
            <IconTrash size={14} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <form
        className="save-search"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <TextInput
          size="xs"
          label={t.saveThisSearch}
          placeholder={t.searchName}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox size="xs" label={t.useByDefault} checked={isDefault} onChange={(event) => setDefault(event.currentTarget.checked)} />
        <Checkbox size="xs" label={t.shareWithAll} checked={isShared} onChange={(event) => setShared(event.currentTarget.checked)} />
        <Button type="submit" size="compact-sm" variant="default" disabled={name.trim() === ''}>
          {t.save}
        </Button>
      </form>
    </Section>
  )
}

/** A saved search as chips: what it finds under its name, and its groups beside. */
export function favouriteFacets(one: NonNullable<KnownViews['favourites']>[number]): Facet[] {
  const by = groupsIn(one.context)
  return [{ saved: one.id, where: parsedList(one.domain), label: one.name }, ...(by.length > 0 ? [{ by }] : [])]
}

function parsedList(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    // Written by another client in its own spelling.
    return []
  }
}

function groupsIn(context: string): string[] {
  try {
    const { group_by: by } = JSON.parse(context) as { group_by?: unknown }
    return Array.isArray(by) ? by.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}
