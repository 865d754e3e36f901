import { type Env, type Paper, type Proof, type Verdict, UserError } from '@erp4/orm'

const paths = [
  'name',
  'email',
  'image',
  'signed_on',
  'address',
  'content_hash',
  'content',
  'file',
  'file_hash',
  'res_model',
  'res_id',
] as const

/** A signature with all that it proves. */
export async function readSignature(sys: Env<true>, id: number) {
  const [signature] = await sys.model('portal.signature').browse([id]).read(paths)
  return signature
}

/** What was signed, as it was kept: the letterhead's picture is not part of it. */
export const contentOf = ({ content }: { readonly content: unknown }): Paper => content as Paper

/** UTC as people read it: `2026-03-01 09:30:00 UTC`. */
export const timeOf = (moment: string): string => `${moment.slice(0, 19).replace('T', ' ')} UTC`

/** What stands below a signed document. */
export async function proofOf(sys: Env<true>, signature: NonNullable<Awaited<ReturnType<typeof readSignature>>>): Promise<Proof> {
  const env = sys.withContext({ lang: contentOf(signature).lang })
  const { blobs } = sys.call
  const image = signature.image === null || !blobs ? null : Buffer.from(await blobs.get(sys.cx, signature.image)).toString('base64')
  return {
    title: env.t('Accepted and signed'),
    facts: [
      { label: env.t('Signed By'), value: signature.name },
      { label: env.t('Email'), value: signature.email ?? '' },
      { label: env.t('Signed On'), value: timeOf(signature.signed_on) },
      { label: env.t('Network Address'), value: signature.address },
      { label: env.t('SHA-256 of what was signed'), value: signature.content_hash },
      { label: env.t('To be verified at'), value: `${sys.call.origin ?? ''}/portal/verify` },
    ],
    image: image === null ? null : `data:image/png;base64,${image}`,
    at: `${signature.signed_on.slice(0, 10)}T${signature.signed_on.slice(11, 19)}Z`,
  }
}

/** The signed file, under the name it is saved by. */
export async function signedFile(sys: Env<true>, id: number): Promise<{ blob: string; name: string } | null> {
  const signature = await readSignature(sys, id)
  return signature?.file ? { blob: signature.file, name: signedName(contentOf(signature)) } : null
}

export const signedName = ({ title }: Paper): string => `${fileName(title)} ✓.pdf`

/** A title as a file may be called everywhere. */
export const fileName = (title: string): string => title.replaceAll(/[\p{Cc}/\\:*?"<>|]+/gu, '-').slice(0, 120)

/** What is known of the signature whose content, or whose file, has this hash; the newest where there are several. */
export async function verifySignature(sys: Env<true>, hash: string, lang: string): Promise<Verdict | null> {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new UserError(sys.withContext({ lang }).t('That is no SHA-256 hash.'))
  const [signature] = await sys
    .model('portal.signature')
    .find(['|', ['file_hash', '=', hash], ['content_hash', '=', hash]], paths, { order: 'id desc', limit: 1 })
  if (!signature) return null
  const content = contentOf(signature)
  return {
    title: content.title,
    seller: content.seller.name,
    name: signature.name,
    at: timeOf(signature.signed_on),
    contentHash: signature.content_hash,
    fileHash: signature.file_hash,
    isFile: signature.file_hash === hash,
  }
}
