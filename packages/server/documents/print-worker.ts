import { parentPort, workerData } from 'node:worker_threads'
import pdfmake from 'pdfmake'
import type { Printed } from '@erp4/orm'
import type { Fonts } from './fonts.ts'
import { layoutOf } from './layout.ts'
import { isSoundPng } from './png.ts'

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

/** Points a side of a letterhead's picture, which is unpacked: 64 MB at most. */
const mostPoints = 4000

const isSound = (picture: string): boolean => {
  const [, base64] = /^data:image\/png;base64,(.*)$/s.exec(picture) ?? []
  return base64 === undefined || isSoundPng(Buffer.from(base64, 'base64'), mostPoints)
}

/** The same without the pictures that `keeps` is not for: what it says is what counts. */
const withPictures = ({ paper, proof }: Printed, keeps: (picture: string) => boolean): Printed => ({
  paper: { ...paper, seller: { ...paper.seller, logo: paper.seller.logo !== null && keeps(paper.seller.logo) ? paper.seller.logo : null } },
  proof: proof && { ...proof, image: proof.image !== null && keeps(proof.image) ? proof.image : null },
})

const setOn = (printed: Printed): Promise<Buffer> => pdfmake.createPdf(layoutOf(printed)).getBuffer()

parentPort!.on('message', (printed: Printed) => {
  const sound = withPictures(printed, isSound)
  setOn(sound)
    .catch((error: unknown) => {
      const pictures = [sound.paper.seller.logo, sound.proof?.image ?? null].filter((one) => one !== null)
      // A picture that is an address is nobody's upload, but a mistake of ours.
      if (pictures.length === 0 || pictures.some((one) => !one.startsWith('data:'))) throw error
      return setOn(withPictures(printed, () => false))
    })
    .then(
      (pdf) => parentPort!.postMessage({ pdf }),
      (error: unknown) => parentPort!.postMessage({ error: String((error as Error).stack ?? error) }),
    )
})
