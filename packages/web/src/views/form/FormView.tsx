import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { openForm } from '../../data/form.ts'
import { queries } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { type Place, defaultsIn, follow, formatPlace } from '../../location.ts'
import { nameKey } from '../../shell/Breadcrumbs.tsx'
import { Empty, Failure, FormSkeleton } from '../../ui/states.tsx'
import { Form } from './Form.tsx'

interface Props {
  readonly model: string
  readonly id: number | 'new'
  readonly place: Place
  /** `default_<field>` and the like, of the menu. */
  readonly context?: Readonly<Record<string, unknown>> | undefined
}

/** One record: read in one request, with how to show it where that is not known yet. */
export function FormView({ model, id: current, place, context }: Props) {
  // A new record that is saved gets a number and an address, and stays as it is on the screen.
  const [id] = useState(current)
  const defaults = defaultsIn(place)
  const given = { ...context, ...defaults }
  const { data, error, refetch } = useQuery({
    queryKey: ['form', model, id, defaults],
    queryFn: () => openForm(model, id, given),
    // A form never changes under the hands of whoever edits it; saving tells of what others did.
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <FormSkeleton />
  if (data.record === false) return <Gone model={model} id={id} place={place} />
  return (
    <Form
      views={data.views}
      given={data.record ? { record: data.record } : { defaults: data.defaults ?? {} }}
      may={data.may || { write: true, unlink: true }}
      place={place}
      context={given}
    />
  )
}

/** There is none, or none for this user: the way back to the others. */
function Gone({ model, id, place }: { model: string; id: number | 'new'; place: Place }) {
  const t = useTexts()
  useEffect(() => {
    queries.setQueryData(nameKey(model, id), `#${id}`)
  }, [model, id])
  const list = formatPlace([...place.steps.slice(0, -1), { word: place.steps.at(-1)!.word }])
  return (
    <Empty
      title={t.recordIsGone}
      hint={t.recordIsGoneHint}
      action={
        <Button component="a" variant="default" {...follow(list)}>
          {t.toList}
        </Button>
      }
    />
  )
}
