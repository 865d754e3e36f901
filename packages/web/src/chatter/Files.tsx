import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import { locale } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'
import { confirm } from '../ui/confirm.tsx'
import { IconDownload, IconFile, IconTrash } from '../ui/icons.ts'
import { tellFailure } from '../ui/notify.ts'
import { ChooseFiles } from './ChooseFiles.tsx'
import { type StoredFile, type Subject, type ThreadPage, refresh } from './thread.ts'
import { formatBytes, largestBytes, upload } from './upload.ts'

interface Props {
  readonly subject: Subject
  readonly files: NonNullable<ThreadPage['files']>
  readonly canWrite: boolean
}

/** The record's files: dropped or chosen, looked at, taken away. */
export function Files({ subject, files, canWrite }: Props) {
  const t = useTexts()
  const [isOver, setOver] = useState(false)
  const [busy, setBusy] = useState<string | null>(null)
  const [looking, setLooking] = useState<StoredFile | null>(null)
  const most = formatBytes(largestBytes, locale)
  const take = async (chosen: readonly File[]): Promise<void> => {
    for (const file of chosen) {
      if (file.size > largestBytes) {
        tellFailure(new Error(t.fileOver(file.name, most)), t)
        continue
      }
      setBusy(t.uploading(file.name))
      await upload(file, subject).catch((error: unknown) => tellFailure(error, t))
    }
    setBusy(null)
    await refresh(subject)
  }
  const remove = async (file: StoredFile): Promise<void> => {
    if (!(await confirm(t.removeFileQuestion(file.name), t.removeFileHint, t.delete, 'danger'))) return
    await call('ir.attachment', 'unlink', [[file.id]]).catch((error: unknown) => tellFailure(error, t))
    await refresh(subject)
  }
  if (files.length === 0 && !canWrite) return null
  return (
    <section
      className="files"
      aria-label={t.files}
      data-over={isOver || undefined}
      onDragOver={(event) => {
        if (!canWrite) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        if (!canWrite) return
        event.preventDefault()
        setOver(false)
        void take([...event.dataTransfer.files])
      }}
    >
      <div className="files-head">
        <h2>{t.filesCount(files.length)}</h2>
        {canWrite && (
          <>
            <ChooseFiles size="compact-xs" isBusy={busy !== null} onChoose={(files) => void take(files)} />
            <span className="soft small" role="status">
              {busy ?? t.attachHint(most)}
            </span>
          </>
        )}
      </div>
      {files.length > 0 && (
        <ul className="file-list">
          {files.map((file) => (
            <li key={file.id}>
              <FileLink file={file} onLook={setLooking} />
              {canWrite && (
                <button type="button" className="bare" aria-label={t.removeFile(file.name)} onClick={() => void remove(file)}>
                  <IconTrash size={14} aria-hidden />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <Preview file={looking} onClose={() => setLooking(null)} />
    </section>
  )
}

const shownKinds = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const isPicture = ({ mimetype }: StoredFile): boolean => typeof mimetype === 'string' && shownKinds.has(mimetype)
const addressOf = ({ id, name }: StoredFile): string => `/web/content/${id}/${encodeURIComponent(name)}?download=true`

/** A picture is looked at here, anything else is downloaded: what a file is, its bytes said. */
export function FileLink({ file, onLook }: { file: StoredFile; onLook: (file: StoredFile) => void }) {
  const t = useTexts()
  const size = file.size ? formatBytes(file.size, locale) : ''
  if (isPicture(file))
    return (
      <button type="button" className="file" aria-label={t.previewOf(file.name)} onClick={() => onLook(file)}>
        <img src={`/web/image/${file.id}`} alt="" loading="lazy" />
        <span>
          {file.name} <span className="soft small">{size}</span>
        </span>
      </button>
    )
  return (
    <a className="file" href={addressOf(file)} download={file.name}>
      <IconFile size={18} aria-hidden />
      <span>
        {file.name} <span className="soft small">{size}</span>
      </span>
    </a>
  )
}

export function Preview({ file, onClose }: { file: StoredFile | null; onClose: () => void }) {
  const t = useTexts()
  return (
    <Modal opened={file !== null} onClose={onClose} title={file?.name} size="xl" centered closeButtonProps={{ 'aria-label': t.close }}>
      {file && (
        <div className="preview">
          <img src={`/web/image/${file.id}`} alt={file.name} />
          <Button
            component="a"
            href={addressOf(file)}
            download={file.name}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t.download}
          </Button>
        </div>
      )}
    </Modal>
  )
}
