import { TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { MenuMeta } from '@erp4/orm/views-types'
import { follow } from '../location.ts'
import { menus, urlOf } from '../menus.ts'
import { start } from '../start.ts'
import { Empty } from '../ui/states.tsx'
import { SignInRules, signInRulesTexts } from './SignInRules.tsx'
import './settings.css'
import { words } from './texts.ts'

/** Everything that can be set, by topic: what apps declare below the menu "Settings", and the rules of signing in. */
export function SettingsPage() {
  const [text, setText] = useState('')
  useEffect(() => {
    document.title = `${words.settings} · ERP4`
  }, [])
  const topics = menus.find(({ path }) => path === 'settings')?.children ?? []
  const asked = text.trim().toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (...texts: readonly string[]): boolean => asked.every((word) => texts.join(' ').toLowerCase().includes(word))
  const shown = topics
    .map((topic) => ({ topic, entries: entriesOf(topic).filter(({ label, help = '' }) => fits(topic.label, label, help)) }))
    .filter(({ entries }) => entries.length > 0)
  const hasRules = start.session.is_system && fits(...signInRulesTexts)
  return (
    <div className="settings-page">
      <h1>{words.settings}</h1>
      <TextInput
        type="search"
        aria-label={words.searchSettings}
        placeholder={words.searchSettings}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        data-autofocus
      />
      {shown.length === 0 && !hasRules && <Empty title={words.noSetting} hint={words.noSettingHint} />}
      {shown.map(({ topic, entries }) => (
        <section key={topic.path} aria-labelledby={`topic-${topic.path}`}>
          <h2 id={`topic-${topic.path}`}>{topic.label}</h2>
          <ul className="settings-cards">
            {entries.map((entry) => (
              <li key={entry.path}>
                <a className="settings-link" {...follow(urlOf(entry))}>
                  <strong>{entry.label}</strong>
                  {entry.help && <span className="soft">{entry.help}</span>}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {hasRules && <SignInRules />}
    </div>
  )
}

const entriesOf = (menu: MenuMeta): MenuMeta[] => [...(menu.model ? [menu] : []), ...menu.children.flatMap(entriesOf)]
