import { Button, Popover } from '@mantine/core'
import { useId, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { NamePicker } from '../fields/many2one.tsx'
import { useTexts } from '../i18n/index.ts'
import { IconUsers, IconX } from '../ui/icons.ts'
import { tellFailure } from '../ui/notify.ts'
import { type Follower, type Subject, onRecord, refresh } from './thread.ts'

interface Props {
  readonly subject: Subject
  readonly followers: readonly Follower[]
  readonly isFollowing: boolean
  readonly canWrite: boolean
}

/** Who gets a letter when something is said here. */
export function Followers({ subject, followers, isFollowing, canWrite }: Props) {
  const t = useTexts()
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const change = async (method: 'message_subscribe' | 'message_unsubscribe', partners?: readonly number[]): Promise<void> => {
    try {
      await onRecord(subject, method, partners ? { partner_ids: partners } : {})
      await refresh(subject)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const field: FieldMeta = { name: 'partner_id', type: 'many2one', string: t.addFollower, relation: 'res.partner' }
  return (
    <span className="followers">
      <Button size="compact-sm" variant="subtle" onClick={() => void change(isFollowing ? 'message_unsubscribe' : 'message_subscribe')}>
        {isFollowing ? t.unfollow : t.follow}
      </Button>
      <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="md" width={280} trapFocus withRoles>
        <Popover.Target>
          <button type="button" className="followers-count" onClick={() => setOpen(!isOpen)}>
            <IconUsers size={15} aria-hidden /> {t.followersCount(followers.length)}
          </button>
        </Popover.Target>
        <Popover.Dropdown aria-label={t.followers}>
          <ul className="follower-list">
            {followers.length === 0 && <li className="soft">{t.noFollowers}</li>}
            {followers.map((one) => (
              <li key={one.id}>
                <span>
                  {one.name}
                  {one.email && <span className="soft small"> {one.email}</span>}
                </span>
                {canWrite && (
                  <button
                    type="button"
                    className="bare"
                    aria-label={t.removeFollower(one.name)}
                    onClick={() => void change('message_unsubscribe', [one.partner])}
                  >
                    <IconX size={14} aria-hidden />
                  </button>
                )}
              </li>
            ))}
          </ul>
          {canWrite && (
            <NamePicker
              edit={{
                field,
                shown: { tag: 'field', field: 'partner_id' },
                id: `${id}-add`,
                value: false,
                record: {},
                required: false,
                compact: true,
                onChange: () => undefined,
              }}
              shownName=""
              placeholder={t.addFollower}
              without={new Set(followers.map(({ partner }) => partner))}
              onPick={(one) => void change('message_subscribe', [one.id])}
            />
          )}
        </Popover.Dropdown>
      </Popover>
    </span>
  )
}
