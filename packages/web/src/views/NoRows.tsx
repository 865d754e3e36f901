import { Button } from '@mantine/core'
import { metaOf } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { go } from '../location.ts'
import { Empty } from '../ui/states.tsx'
import type { ViewProps } from './view-type.ts'

/** Nothing was found, or there is nothing yet: what to do next. */
export function NoRows({ views, look, setLook, urlOf }: Pick<ViewProps, 'views' | 'look' | 'setLook' | 'urlOf'>) {
  const t = useTexts()
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
  return (
    <Empty
      title={t.noneYet(label)}
      hint={may.create ? t.noneYetHint : t.noneForYouHint}
      action={may.create && <Button onClick={() => void go(urlOf('new'))}>{t.createFirst}</Button>}
    />
  )
}
