import { parentPort, workerData } from 'node:worker_threads'
import pdfmake from 'pdfmake'
import type { Printed } from '@erp4/orm'
import type { Fonts } from './fonts.ts'
import { layoutOf } from './layout.ts'

/* oxlint-disable unicorn/require-post-message-target-origin -- a thread is no window */

// A thread of its own: setting a long document takes longer than anybody else may wait. It reads no file and opens no address.

const { normal, bold } = workerData as Fonts

pdfmake.setUrlAccessPolicy(() => false)
pdfmake.setLocalAccessPolicy(() => false)
// Files by name alone, in memory; its types do not know of it.
const { virtualfs } = pdfmake as unknown as { virtualfs: { writeFileSync(name: string, content: Buffer): void } }
virtualfs.writeFileSync('normal.ttf', Buffer.from(normal))
virtualfs.writeFileSync('bold.ttf', Buffer.from(bold))
// The font has no italics, and documents need none.
pdfmake.setFonts({ Nanum: { normal: 'normal.ttf', bold: 'bold.ttf', italics: 'normal.ttf', bolditalics: 'bold.ttf' } })

parentPort!.on('message', ({ id, printed }: { id: number; printed: Printed }) => {
  pdfmake
    .createPdf(layoutOf(printed))
    .getBuffer()
    .then(
      (pdf) => parentPort!.postMessage({ id, pdf }),
      (error: unknown) => parentPort!.postMessage({ id, error: String((error as Error).stack ?? error) }),
    )
})
