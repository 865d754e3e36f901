import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { touch } from '../data/touched.ts'
import { formatMoment } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { tell, tellFailure } from '../ui/notify.ts'
import { Failure, FormSkeleton } from '../ui/states.tsx'
import { words } from './texts.ts'

/** As `res.partner.portal_access` tells it. */
interface Access {
  readonly state: 'never' | 'invited' | 'active' | 'revoked' | 'colleague'
  readonly email: string | false
  readonly login: string | false
  readonly linkEnds: string | false
  readonly lastSeen: string | false
  readonly mayChange: boolean
}

/** Whether a contact signs in to the portal, and the ways to let him in, invite him again and shut him out. */
export function PortalAccess({ id }: { id: number }) {
  const t = useTexts()
  const client = useQueryClient()
  const key = ['portal-access', id]
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: () => call<Access>('res.partner', 'portal_access', [[id]]),
    gcTime: 0,
  })
  const [isBusy, setBusy] = useState(false)
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <FormSkeleton />
  const { state, email, login, linkEnds, lastSeen, mayChange } = data
  const act = async (method: 'action_grant_portal' | 'action_revoke_portal'): Promise<void> => {
    setBusy(true)
    try {
      const now = await call<Access>('res.partner', method, [[id]])
      client.setQueryData(key, now)
      tell(method === 'action_revoke_portal' ? words.accessRevoked : words.invitationSent(now.login || ''))
      touch({ model: 'res.partner', id })
      await client.invalidateQueries({ queryKey: ['thread', 'res.partner', id] })
    } catch (problem) {
      tellFailure(problem, t)
    } finally {
      setBusy(false)
    }
  }
  const facts = [
    ...(login && state !== 'revoked' ? [words.accessLogin(login)] : []),
    ...(state === 'invited' ? [linkEnds ? words.accessLinkEnds(formatMoment(linkEnds)) : words.accessLinkOver] : []),
    ...(lastSeen ? [words.accessSeen(formatMoment(lastSeen))] : []),
  ]
  const grant = { never: words.grantAccess, revoked: words.grantAgain, invited: words.resendInvitation }[state as string]
  const mayGrant = grant !== undefined && email !== false
  const mayRevoke = state === 'invited' || state === 'active'
  return (
    <div className="letter">
      <p className="access-state" data-state={state} role="status">
        {words.accessStates[state]}
      </p>
      <p>{words.accessSays[state]}</p>
      {facts.length > 0 && <p className="soft">{facts.join(' · ')}</p>}
      {grant !== undefined && !email && <p className="letter-problem">{words.accessNoEmail}</p>}
      {mayChange ? (
        <div className="letter-attach">
          {mayGrant && (
            <Button loading={isBusy} onClick={() => void act('action_grant_portal')} variant={state === 'invited' ? 'default' : 'filled'}>
              {grant}
            </Button>
          )}
          {mayRevoke && (
            <>
              <Button variant="default" loading={isBusy} onClick={() => void act('action_revoke_portal')}>
                {words.revokeAccess}
              </Button>
              <span className="soft small">{words.revokeSays}</span>
            </>
          )}
        </div>
      ) : (
        state !== 'colleague' && <p className="soft">{words.accessNotYours}</p>
      )}
    </div>
  )
}
