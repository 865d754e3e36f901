import { ActionIcon, Button, Popover } from '@mantine/core'
import { useState } from 'react'
import { clearNotices, readAll, useNotices } from '../data/notices.ts'
import { formatMoment } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { IconBell } from '../ui/icons.ts'
import { ToMe, useToMe } from './ToMe.tsx'

/** What was written to the user, what long work came to, and what failed: to be looked up after the word on the screen is gone. */
export function Notices() {
  const t = useTexts()
  const notices = useNotices()
  const [isOpen, setOpen] = useState(false)
  const unread = notices.filter(({ isRead }) => !isRead).length
  const { messages, unread: unreadMessages, seen, see } = useToMe()
  const toggle = (): void => {
    setOpen(!isOpen)
    if (!isOpen) return
    readAll()
    see()
  }
  return (
    <Popover opened={isOpen} onChange={toggle} position="bottom-end" shadow="md" width={340} trapFocus withRoles>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="inherit"
          size="lg"
          aria-label={t.unreadNotices(unread + unreadMessages)}
          onClick={toggle}
        >
          <IconBell size={18} aria-hidden />
          {unreadMessages > 0 ? (
            <span className="count" aria-hidden>
              {unreadMessages}
            </span>
          ) : (
            unread > 0 && <span className="dot" aria-hidden />
          )}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className="notices" aria-label={t.notices}>
        <ToMe messages={messages} seen={seen} onGo={toggle} />
        {notices.length === 0 && messages.length === 0 && <p className="soft">{t.noNotices}</p>}
        <ul>
          {notices.map(({ key, at, text, detail, tone, isRead, action }) => (
            <li key={key} data-tone={tone} data-new={!isRead || undefined}>
              <strong>{text}</strong>
              {detail && <span>{detail}</span>}
              <span className="notice-foot">
                <time className="soft small">{formatMoment(new Date(at).toISOString().slice(0, 19).replace('T', ' '))}</time>
                {action && (
                  <Button size="compact-xs" variant="default" onClick={() => (setOpen(false), action.run())}>
                    {action.label}
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
        {notices.length > 0 && (
          <Button size="compact-sm" variant="subtle" onClick={clearNotices}>
            {t.clearNotices}
          </Button>
        )}
      </Popover.Dropdown>
    </Popover>
  )
}
