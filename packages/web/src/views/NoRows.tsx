import { Button } from '@mantine/core'
import { metaOf } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { go, usePlace } from '../location.ts'
import { menuAt } from '../menus.ts'
import { Empty } from '../ui/states.tsx'
import type { ViewProps } from './view-type.ts'

/** Nothing was found, or there is nothing yet: what to do next. */
export function NoRows({ views, look, setLook, urlOf }: Pick<ViewProps, 'views' | 'look' | 'setLook' | 'urlOf'>) {
  const t = useTexts()
  const place = usePlace()
  const { label, may } = metaOf(views)
  if (look.facets.length > 0) {
    return (
      <Empty
        title={t.nothingMatches}
        hint={t.nothingMatchesHint}
        action={
          <Button variant="default" onClick={() => setLook({ facets: [] })}>
            {t.clearSearch}
          </Button>
        }
      />
    )
  }
  // The word that one followed here, if it was one for this model: behind a dialogue lies the page of another.
  const menu = menuAt(place.steps.at(-1)!.word)?.menu
  return (
    <Empty
      title={t.noneYet(menu?.model === views.model ? menu.label : label)}
      hint={may.create ? t.noneYetHint : t.noneForYouHint}
      action={may.create && <Button onClick={() => void go(urlOf('new'))}>{t.createFirst}</Button>}
    />
  )
}
