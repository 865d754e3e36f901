import { Button, NumberInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { Failure } from '../ui/states.tsx'
import { Section } from './Section.tsx'
import { words } from './texts.ts'

/** The parameters, by the names the server reads them by, with their bounds (apps/base/models/ir_config_parameter.ts). */
const rules = [
  { key: 'auth_password_policy.minlength', label: words.minLength, hint: words.minLengthHint, otherwise: 12, min: 8, max: 128 },
  { key: 'base.login_cooldown_after', label: words.cooldownAfter, hint: words.cooldownAfterHint, otherwise: 10, min: 0, max: 1000 },
  {
    key: 'base.login_cooldown_duration',
    label: words.cooldownSeconds,
    hint: words.cooldownSecondsHint,
    otherwise: 60,
    min: 1,
    max: 86_400,
  },
  {
    key: 'base.login_cooldown_source_after',
    label: words.cooldownSource,
    hint: words.cooldownSourceHint,
    otherwise: 100,
    min: 0,
    max: 100_000,
  },
] as const

export const signInRulesTexts: readonly string[] = [words.signInRules, ...rules.flatMap(({ label, hint }) => [label, hint])]

/** How long passwords are, and when guessing is slowed down. */
export function SignInRules() {
  const { data, error, refetch } = useQuery({
    queryKey: ['sign-in rules'],
    queryFn: async () => {
      const keys = rules.map(({ key }) => key)
      const rows = await call<{ key: string; value: string }[]>('ir.config_parameter', 'search_read', [
        [['key', 'in', keys]],
        ['key', 'value'],
      ])
      return new Map(rows.map(({ key, value }) => [key, value]))
    },
    gcTime: 0,
  })
  return (
    <Section title={words.signInRules} hint={words.signInRulesHint}>
      {error ? <Failure error={error} retry={() => void refetch()} /> : data && <Rules saved={data} />}
    </Section>
  )
}

function Rules({ saved }: { saved: ReadonlyMap<string, string> }) {
  const t = useTexts()
  const [values, setValues] = useState(() => rules.map(({ key, otherwise }) => Number(saved.get(key) ?? otherwise)))
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      for (const [i, { key }] of rules.entries()) await call('ir.config_parameter', 'set_param', [key, String(values[i])])
      tell(t.saved)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <form className="settings-form" onSubmit={(event) => void save(event)}>
      {rules.map(({ key, label, hint, min, max }, i) => (
        <NumberInput
          key={key}
          label={label}
          description={hint}
          min={min}
          max={max}
          allowDecimal={false}
          clampBehavior="blur"
          hideControls
          value={values[i]!}
          onChange={(value) => setValues(values.map((one, at) => (at === i ? Number(value) || 0 : one)))}
          required
          withAsterisk={false}
        />
      ))}
      <Button type="submit">{t.save}</Button>
    </form>
  )
}
