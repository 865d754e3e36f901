import { ActionIcon, Burger, Drawer, Menu, Tooltip, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { MenuMeta } from '@erp4/orm/views-types'
import { useTexts } from '../i18n/index.ts'
import { type Place, follow, go } from '../location.ts'
import { appAt, firstIn, menuAt, menus, urlOf, urlOfApp } from '../menus.ts'
import { iconNamed } from '../ui/app-icons.ts'
import { IconApps, IconChevronDown, IconSearch } from '../ui/icons.ts'
import { ActivitiesMenu } from './ActivitiesMenu.tsx'
import { useApps } from './apps.ts'
import { CompanyMenu } from './CompanyMenu.tsx'
import { DueCount, DueWords, useDue } from './due.tsx'
import { Notices } from './Notices.tsx'
import { openPalette } from './Palette.tsx'
import { UserMenu } from './UserMenu.tsx'

/** Which app, where in it, and what belongs to the person. */
export function TopBar({ place }: { place: Place }) {
  const t = useTexts()
  const current = menuAt(place.steps[0]?.word ?? '')
  const app = appAt(place.steps[0]?.word ?? '')
  const [isOpen, drawer] = useDisclosure(false)
  return (
    <header className="topbar">
      <Burger className="only-phone" size="xs" opened={isOpen} onClick={drawer.toggle} aria-label={t.menu} />
      <AppSwitcher />
      {app && (
        <a className="app-name" {...follow(urlOfApp(app)!)}>
          {app.label}
        </a>
      )}
      {app && (
        <nav className="sections only-wide" aria-label={app.label}>
          {app.children.map((entry) => (
            <Section key={entry.path} entry={entry} current={current?.menu.path} />
          ))}
        </nav>
      )}
      <span className="grow" />
      <button type="button" className="palette-button only-wide" onClick={openPalette}>
        <IconSearch size={15} aria-hidden />
        <span>{t.goTo}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Tooltip label={t.goTo}>
        <ActionIcon className="only-phone" variant="subtle" color="gray" c="inherit" size="lg" aria-label={t.goTo} onClick={openPalette}>
          <IconSearch size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <CompanyMenu />
      <ActivitiesMenu />
      <Notices />
      <UserMenu />
      <Drawer opened={isOpen} onClose={drawer.close} size="80%" title={app?.label ?? t.apps} closeButtonProps={{ 'aria-label': t.close }}>
        <Tree entries={app ? app.children : menus} onGo={drawer.close} />
        {app && (
          <>
            <h2 className="drawer-title">{t.apps}</h2>
            <AppList onGo={drawer.close} />
          </>
        )}
      </Drawer>
    </header>
  )
}

function AppSwitcher() {
  const t = useTexts()
  const apps = useApps()
  const due = useDue()
  return (
    <Menu position="bottom-start" shadow="md" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" c="inherit" size="lg" aria-label={t.apps}>
          <IconApps size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {apps.map(({ app, url }) => {
          const Icon = iconNamed(app.icon)
          return (
            <Menu.Item
              key={app.path}
              component="a"
              leftSection={<Icon size={17} />}
              rightSection={<DueCount count={due(app)} />}
              {...follow(url)}
            >
              {app.label}
              <DueWords count={due(app)} />
            </Menu.Item>
          )
        })}
        {apps.length > 0 && <Menu.Divider />}
        <Menu.Item component="a" {...follow('/odoo')}>
          {t.allApps}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** The apps on a phone, where there is no room for the switcher's menu beside the others. */
function AppList({ onGo }: { onGo: () => void }) {
  const due = useDue()
  return (
    <ul className="tree">
      {useApps().map(({ app, url }) => (
        <li key={app.path}>
          <a href={url} onClick={(event) => (event.preventDefault(), onGo(), void go(url))}>
            {app.label} <DueCount count={due(app)} />
            <DueWords count={due(app)} />
          </a>
        </li>
      ))}
    </ul>
  )
}

function Section({ entry, current }: { entry: MenuMeta; current: string | undefined }) {
  if (entry.children.length === 0) {
    return (
      <a className="section" aria-current={entry.path === current ? 'page' : undefined} {...follow(urlOf(entry))}>
        {entry.label}
      </a>
    )
  }
  return (
    <Menu position="bottom-start" shadow="md">
      <Menu.Target>
        <UnstyledButton className="section">
          {entry.label} <IconChevronDown size={13} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {(entry.model ? [{ ...entry, children: [] }, ...entry.children] : entry.children).flatMap((child) =>
          child.children.length === 0 ? (
            <Menu.Item key={child.path} component="a" {...follow(urlOf(child))}>
              {child.label}
            </Menu.Item>
          ) : (
            [
              <Menu.Label key={`${child.path}-label`}>{child.label}</Menu.Label>,
              ...child.children.map((one) => (
                <Menu.Item key={one.path} onClick={() => void go(urlOf(one))}>
                  {one.label}
                </Menu.Item>
              )),
            ]
          ),
        )}
      </Menu.Dropdown>
    </Menu>
  )
}

function Tree({ entries, onGo }: { entries: readonly MenuMeta[]; onGo: () => void }) {
  return (
    <ul className="tree">
      {entries.map((entry) => {
        const first = firstIn(entry)
        return (
          <li key={entry.path}>
            {first && (entry.model || entry.children.length === 0) ? (
              <a href={urlOf(first)} onClick={(event) => (event.preventDefault(), onGo(), void go(urlOf(first)))}>
                {entry.label}
              </a>
            ) : first && entry.children.length > 0 ? (
              <span className="soft">{entry.label}</span>
            ) : null}
            {entry.children.length > 0 && <Tree entries={entry.children} onGo={onGo} />}
          </li>
        )
      })}
    </ul>
  )
}
