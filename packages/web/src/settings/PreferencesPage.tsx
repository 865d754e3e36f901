import { SegmentedControl, Switch, useMantineColorScheme } from '@mantine/core'
import { useEffect } from 'react'
import { keepOwn, useOwn } from '../data/own.ts'
import { useTexts } from '../i18n/index.ts'
import { start } from '../start.ts'
import { Devices } from './Devices.tsx'
import { Keys } from './Keys.tsx'
import { Password } from './Password.tsx'
import { Profile } from './Profile.tsx'
import { Section } from './Section.tsx'
import './settings.css'
import { words } from './texts.ts'

/** What is the person's own: name, language, looks, password, devices, keys. */
export function PreferencesPage() {
  const t = useTexts()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const { autosave } = useOwn()
  useEffect(() => {
    document.title = `${words.myPreferences} · ERP4`
  }, [])
  return (
    <div className="settings-page">
      <h1>{words.myPreferences}</h1>
      <Profile />
      <Section title={t.appearance} hint={words.appearanceHint}>
        <SegmentedControl
          aria-label={t.appearance}
          value={colorScheme}
          onChange={(value) => setColorScheme(value)}
          data={(['light', 'dark', 'auto'] as const).map((value) => ({ value, label: t.schemes[value] }))}
        />
      </Section>
      <Section title={words.savingForms} hint={words.autosaveHint}>
        <Switch label={words.autosave} checked={autosave} onChange={(event) => keepOwn('autosave', event.currentTarget.checked)} />
      </Section>
      <Section title={words.password}>
        <Password />
      </Section>
      <Section title={words.devices} hint={words.devicesHint}>
        <Devices user={start.session.uid} />
      </Section>
      <Keys />
    </div>
  )
}
