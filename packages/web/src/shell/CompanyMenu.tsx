import { Button, Menu } from '@mantine/core'
import { allCompanies, chooseCompanies, companies } from '../companies.ts'
import { useTexts } from '../i18n/index.ts'
import { IconBuilding, IconCheck } from '../ui/icons.ts'

/** In which company new records are made, and whose are shown; there only for who works in several. */
export function CompanyMenu() {
  const t = useTexts()
  if (allCompanies.length < 2) return null
  const chosen = companies()
  const apply = (ids: readonly number[]): void => {
    chooseCompanies(ids)
    // Everything on the screen belongs to the companies that were chosen before.
    location.reload()
  }
  const toggle = (id: number): void => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]
    if (next.length > 0) apply(next)
  }
  return (
    <Menu position="bottom-end" shadow="md" closeOnItemClick={false}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          c="inherit"
          size="compact-sm"
          leftSection={<IconBuilding size={16} aria-hidden />}
          className="company-button"
          aria-label={t.companies}
        >
          {allCompanies.find(({ id }) => id === chosen[0])?.name}
          {chosen.length > 1 && ` +${chosen.length - 1}`}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.currentCompany}</Menu.Label>
        {allCompanies.map(({ id, name }) => (
          <Menu.Item
            key={id}
            leftSection={id === chosen[0] ? <IconCheck size={15} aria-hidden /> : <span className="gap" />}
            onClick={() => apply([id, ...chosen.filter((one) => one !== id)])}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t.shownCompanies}</Menu.Label>
        {allCompanies.map(({ id, name }) => (
          <Menu.Item
            key={id}
            role="menuitemcheckbox"
            aria-checked={chosen.includes(id)}
            leftSection={chosen.includes(id) ? <IconCheck size={15} aria-hidden /> : <span className="gap" />}
            onClick={() => toggle(id)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
