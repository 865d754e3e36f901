import { useQuery } from '@tanstack/react-query'
import type { ViewNode } from '@erp4/orm/views-types'
import { formatInteger } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { follow, formatPlace } from '../../location.ts'
import { recordWord, wordOf } from '../../menus.ts'
import { ask } from '../../rpc.ts'
import { iconNamed } from '../../ui/app-icons.ts'
import { countedTo } from '../list/rows.ts'
import { type FormRecord, useRecord } from './record.ts'

type Link = Extract<ViewNode, { tag: 'link' }>

/** Doors to what hangs on a record that is saved, with how many there are; the record is on the screen before they are counted. */
export function SmartLinks({ record, links }: { record: FormRecord; links: readonly Link[] }) {
  const t = useTexts()
  const id = useRecord(record, (one) => one.id)
  const { data: counts } = useQuery({
    queryKey: ['counts', record.model, id],
    queryFn: () => ask<readonly (number | false)[]>('counts', { model: record.model, id }),
    enabled: id !== null && links.some(({ count }) => !count),
  })
  if (links.length === 0 || id === null) return null
  return (
    <nav className="smart-links" aria-label={t.related}>
      {links.map((node, i) => (
        <SmartLink key={i} record={record} id={id} node={node} counted={counts?.[i] ?? false} />
      ))}
    </nav>
  )
}

function SmartLink({ record, id, node, counted }: { record: FormRecord; id: number; node: Link; counted: number | false }) {
  const t = useTexts()
  const own = useRecord(record, ({ values }) => (node.count ? values[node.count] : undefined))
  const name = useRecord(record, ({ saved }) => String(saved['display_name'] || ''))
  const count = typeof own === 'number' ? own : counted
  const Icon = iconNamed(node.icon)
  const where = [{ where: [[node.by, '=', id]], label: t.of(node.label, name) }]
  const url = formatPlace(
    [{ word: recordWord(record.model), id }, { word: wordOf(node.model) }],
    new URLSearchParams({ q: JSON.stringify(where), default: `${node.by}:${id}` }),
  )
  return (
    <a className="smart" {...follow(url)}>
      <Icon size={18} stroke={1.6} />
      <span>
        {count !== false && <strong>{count >= countedTo ? `${formatInteger(countedTo - 1)}+` : formatInteger(count)}</strong>}
        {node.label}
      </span>
    </a>
  )
}
