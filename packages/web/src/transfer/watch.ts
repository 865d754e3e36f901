import { note } from '../data/notices.ts'
import { changed } from '../data/views.ts'
import type { Texts } from '../i18n/index.ts'
import { transfer } from '../rpc.ts'
import { isTransferOpen, openTransfer } from './open.ts'
import { type ExportTold, type ImportTold, fetchFile, follow } from './wire.ts'

/** Of an import whose screen was left while it was at work: what it came to stands in the bell. */
export async function tellWhenImported({ id, res_model: model, modelLabel: label }: ImportTold, t: Texts): Promise<void> {
  let last: ImportTold | undefined
  await follow(id, (told) => (last = told), new AbortController().signal)
  void changed()
  if (!last || isTransferOpen('import', id)) return
  const { state, name, created, updated, unchanged, failed, total } = last
  note({
    text: ['done', 'failed', 'cancelled'].includes(state)
      ? t.importedOf(created + updated + unchanged, total)
      : `${t.importInto(label)}: ${t.importStates[state]}`,
    detail: name,
    tone: state === 'failed' || failed > 0 ? 'failed' : 'done',
    action: { label: t.open, run: () => openTransfer({ what: 'import', model, label, id }) },
  })
}

const everyMs = 700

/** Of an export likewise; its file is fetched from there. */
export async function tellWhenExported(running: ExportTold, t: Texts): Promise<void> {
  let told = running
  while (told.state === 'running') {
    await new Promise((resolve) => setTimeout(resolve, everyMs))
    told = await transfer<ExportTold>('export-status', { id: running.id })
  }
  if (told.state === 'cancelled') return
  const isDone = told.state === 'done'
  note({
    text: isDone ? t.exportReady(told.rows) : told.message || t.importStates[told.state]!,
    detail: told.name,
    tone: isDone ? 'done' : 'failed',
    ...(isDone ? { action: { label: t.fetchFile, run: () => fetchFile(told) } } : {}),
  })
}
