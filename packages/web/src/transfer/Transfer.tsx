import { Modal } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { lazy, Suspense } from 'react'
import { useTexts } from '../i18n/index.ts'
import { ListSkeleton } from '../ui/states.tsx'
import { openTransfer, useOpenTransfer } from './open.ts'
import './transfer.css'

const ImportScreen = lazy(async () => ({ default: (await import('./ImportScreen.tsx')).ImportScreen }))
const ImportHistory = lazy(async () => ({ default: (await import('./ImportHistory.tsx')).ImportHistory }))
const ExportScreen = lazy(async () => ({ default: (await import('./ExportScreen.tsx')).ExportScreen }))

/** Import and export, above the list they were opened from. There is one, in the shell; its screens come when they are wanted. */
export function Transfer() {
  const t = useTexts()
  const open = useOpenTransfer()
  const isPhone = useMediaQuery('(max-width: 700px)')
  const title =
    open === null
      ? ''
      : open.what === 'import'
        ? t.importInto(open.label)
        : open.what === 'export'
          ? t.exportOf(open.label)
          : t.importHistory
  return (
    <Modal
      opened={open !== null}
      onClose={() => openTransfer(null)}
      title={title}
      size={980}
      fullScreen={isPhone ?? false}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <Suspense fallback={<ListSkeleton />}>
        {open?.what === 'import' && <ImportScreen key={open.id ?? 'new'} open={open} />}
        {open?.what === 'history' && <ImportHistory open={open} />}
        {open?.what === 'export' && <ExportScreen open={open} />}
      </Suspense>
    </Modal>
  )
}
