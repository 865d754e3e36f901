import { Button, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { start } from '../start.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { Failure, FormSkeleton } from '../ui/states.tsx'
import { Section } from './Section.tsx'
import { words } from './texts.ts'

interface Me {
  readonly name: string
  readonly email: string | false
  readonly phone: string | false
  readonly lang: string | false
  readonly tz: string | false
}

/** What others see of a person, and in which language and zone he sees the rest. */
export function Profile() {
  const { uid } = start.session
  const me = useQuery({
    queryKey: ['me'],
    queryFn: async () => (await call<Me[]>('res.users', 'read', [[uid], ['name', 'email', 'phone', 'lang', 'tz']]))[0]!,
    gcTime: 0,
  })
  const zones = useQuery({
    queryKey: ['zones'],
    queryFn: async () =>
      (await call<{ tz: { selection: [string, string][] } }>('res.users', 'fields_get', [['tz'], ['selection']])).tz.selection,
    staleTime: Infinity,
  })
  const error = me.error ?? zones.error
  if (error) return <Failure error={error} retry={() => void (me.refetch(), zones.refetch())} />
  if (!me.data || !zones.data) return <FormSkeleton />
  return (
    <>
      <About me={me.data} />
      <Language me={me.data} zones={zones.data} />
    </>
  )
}

function About({ me }: { me: Me }) {
  const t = useTexts()
  const save = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const values = Object.fromEntries(['name', 'email', 'phone'].map((name) => [name, String(fields.get(name) ?? '').trim() || false]))
    try {
      await call('res.users', 'write', [[start.session.uid], values])
      tell(t.saved)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <Section title={words.aboutMe} hint={words.loginIs(start.session.username)}>
      <form className="settings-form" onSubmit={(event) => void save(event)}>
        <TextInput name="name" label={words.myName} defaultValue={me.name} autoComplete="name" required withAsterisk={false} />
        <TextInput name="email" type="email" label={words.myEmail} defaultValue={me.email || ''} autoComplete="email" />
        <TextInput name="phone" type="tel" label={words.myPhone} defaultValue={me.phone || ''} autoComplete="tel" />
        <Button type="submit">{t.save}</Button>
      </form>
    </Section>
  )
}

function Language({ me, zones }: { me: Me; zones: readonly [string, string][] }) {
  const t = useTexts()
  const [lang, setLang] = useState(me.lang || 'en_US')
  const [tz, setTz] = useState(me.tz || 'UTC')
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      await call('res.users', 'write', [[start.session.uid], { lang, tz }])
      // Words and times of the whole page come anew.
      location.reload()
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <Section title={words.languageAndTime}>
      <form className="settings-form" onSubmit={(event) => void save(event)}>
        <Select
          label={t.language}
          value={lang}
          onChange={(value) => value && setLang(value)}
          data={start.languages.map(({ code, name }) => ({ value: code, label: name }))}
          allowDeselect={false}
        />
        <Select
          label={words.timeZone}
          value={tz}
          onChange={(value) => value && setTz(value)}
          data={zones.map(([value, label]) => ({ value, label }))}
          allowDeselect={false}
          searchable
          limit={60}
          nothingFoundMessage={t.nothingFound}
        />
        <Button type="submit">{t.save}</Button>
      </form>
    </Section>
  )
}
