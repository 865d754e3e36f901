import { Button } from '@mantine/core'
import { useRef } from 'react'
import { useTexts } from '../i18n/index.ts'

interface Props {
  readonly size?: 'compact-xs' | 'compact-sm'
  readonly isBusy?: boolean
  readonly onChoose: (files: readonly File[]) => void
}

/** The button that lets somebody choose files of his device. */
export function ChooseFiles({ size = 'compact-sm', isBusy = false, onChoose }: Props) {
  const t = useTexts()
  const chooser = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button size={size} variant="default" loading={isBusy} onClick={() => chooser.current?.click()}>
        {t.attach}
      </Button>
      <input
        ref={chooser}
        type="file"
        multiple
        className="sr"
        tabIndex={-1}
        aria-label={t.attach}
        onChange={(event) => {
          onChoose([...(event.target.files ?? [])])
          // The same file can be chosen again.
          event.target.value = ''
        }}
      />
    </>
  )
}
