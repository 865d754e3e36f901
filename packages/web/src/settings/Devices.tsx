import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { formatMoment } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { Failure } from '../ui/states.tsx'
import { nameOfAgent } from './agent.ts'
import { words } from './texts.ts'

/** As `res.users.devices` tells it; times are UTC. */
interface Device {
  readonly id: string
  readonly agent: string | false
  readonly source: string | false
  readonly seen: string
  readonly current: boolean
}

/** Where a user is signed in, and the way to end it: one device, or all but the one that is used now. */
export function Devices({ user }: { user: number }) {
  const t = useTexts()
  const client = useQueryClient()
  const key = ['devices', user]
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: () => call<Device[]>('res.users', 'devices', [[user]]) })
  const end = async (device: string | null): Promise<void> => {
    try {
      const ended = await call<number>('res.users', 'end_sessions', [[user], device ?? false])
      tell(words.sessionsEnded(ended))
      await client.invalidateQueries({ queryKey: key })
    } catch (problem) {
      tellFailure(problem, t)
    }
  }
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <p role="status">{t.loading}</p>
  if (data.length === 0) return <p className="soft">{words.noDevices}</p>
  const hasOwn = data.some(({ current }) => current)
  return (
    <>
      <ul className="settings-rows">
        {data.map(({ id, agent, source, seen, current }) => {
          const name = nameOfAgent(agent, words)
          return (
            <li key={id}>
              <span className="settings-row-text">
                <strong>{name}</strong>
                {current && <span className="settings-badge">{words.thisDevice}</span>}
                <span className="soft">
                  {[words.lastSeen(formatMoment(seen)), ...(source ? [words.signedInFrom(source)] : [])].join(' · ')}
                </span>
              </span>
              {!current && (
                <Button size="compact-sm" variant="default" aria-label={words.endDeviceNamed(name)} onClick={() => void end(id)}>
                  {words.endDevice}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
      {data.some(({ current }) => !current) && (
        <Button variant="default" onClick={() => void end(null)}>
          {hasOwn ? words.endAll : words.endAllOf}
        </Button>
      )}
    </>
  )
}
