import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { useTexts } from '../i18n/index.ts'
import { localeOf } from '../locale.ts'
import { formatPlace, go } from '../location.ts'
import { dropAllDrafts } from '../data/drafts.ts'
import { call, signOut } from '../rpc.ts'
import { start } from '../start.ts'
import { IconCheck, IconHelp, IconLogout, IconUser } from '../ui/icons.ts'
import { initials } from '../ui/initials.ts'
import { tellFailure } from '../ui/notify.ts'
import { openHelp } from './Help.tsx'

const schemes = ['light', 'dark', 'auto'] as const

/** What is the person's own: language, light or dark, preferences, the way out. */
export function UserMenu() {
  const t = useTexts()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const { session, languages } = start
  const speak = async (code: string): Promise<void> => {
    try {
      await call('res.users', 'write', [[session.uid], { lang: code }])
      location.reload()
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const leave = async (): Promise<void> => {
    try {
      await signOut()
      dropAllDrafts()
      location.assign('/web/login')
    } catch (error) {
      tellFailure(error, t)
    }
  }
  const mark = (isOn: boolean) => (isOn ? <IconCheck size={15} aria-hidden /> : <span className="gap" />)
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={230}>
        <Menu.Target>
          <ActionIcon variant="light" radius="xl" size={30}>
            <span className="initials" aria-hidden>
              {initials(session.name)}
            </span>
            <span className="sr">{t.userMenu(session.name)}</span>
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <div className="who">
            <strong>{session.name}</strong>
            <span className="soft">{session.username}</span>
          </div>
          <Menu.Divider />
          <Menu.Item leftSection={<IconUser size={16} aria-hidden />} onClick={() => void go(formatPlace([{ word: 'preferences' }]))}>
            {t.preferences}
          </Menu.Item>
          <Menu.Item leftSection={<IconHelp size={16} aria-hidden />} rightSection={<kbd>?</kbd>} onClick={openHelp}>
            {t.shortcuts}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>{t.appearance}</Menu.Label>
          {schemes.map((scheme) => (
            <Menu.Item
              key={scheme}
              role="menuitemradio"
              aria-checked={colorScheme === scheme}
              leftSection={mark(colorScheme === scheme)}
              closeMenuOnClick={false}
              onClick={() => setColorScheme(scheme)}
            >
              {t.schemes[scheme]}
            </Menu.Item>
          ))}
          {languages.length > 1 && (
            <>
              <Menu.Divider />
              <Menu.Label>{t.language}</Menu.Label>
              {languages.map(({ code }) => (
                <Menu.Item
                  key={code}
                  role="menuitemradio"
                  aria-checked={code === session.user_context.lang}
                  leftSection={mark(code === session.user_context.lang)}
                  onClick={() => void speak(code)}
                >
                  <span lang={localeOf(code)}>{ownName(code)}</span>
                </Menu.Item>
              ))}
            </>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
            {t.signOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

/** A language in its own words, for whoever cannot read the others: `ko_KR` is 한국어. */
function ownName(code: string): string {
  const [language = code] = code.split(/[_@]/)
  return new Intl.DisplayNames([language], { type: 'language' }).of(localeOf(code)) ?? code
}
