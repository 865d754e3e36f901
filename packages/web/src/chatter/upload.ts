import { call } from '../rpc.ts'

/** What a file may weigh: a third more goes over the wire, of which the server takes 64 MB at once. */
export const largestBytes = 40 << 20

/** Keeps a file, on a record or (without one) for the message that is being written, and gives its id. */
export async function upload(file: File, on: { model: string; id: number } | null): Promise<number> {
  const place = on ? { res_model: on.model, res_id: on.id } : {}
  return call<number>('ir.attachment', 'create', [{ name: file.name, datas: await asBase64(file), ...place }])
}

/** The browser's own encoder, which does not hold up the page as a loop over forty million bytes would. */
const asBase64 = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => {
      const text = String(reader.result)
      resolve(text.slice(text.indexOf(',') + 1))
    })
    reader.addEventListener('error', () => reject(reader.error ?? new Error('unreadable')))
    reader.readAsDataURL(file)
  })

export function formatBytes(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte'] as const
  const at = bytes < 1024 ? 0 : bytes < 1 << 20 ? 1 : 2
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[at],
    unitDisplay: 'short',
    maximumFractionDigits: at === 2 ? 1 : 0,
  }).format(bytes / 1024 ** at)
}
