import { createHash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { NotFoundError, UserError, type Env } from '@erp4/orm'
import { publicAttachment, sharedAttachment } from '../sql/files.ts'
import { rangeOf } from './range.ts'
import type { FileStore, StoredFile } from './store.ts'
import { isSafeImage, servedType } from './type.ts'

/** Which file is asked for: `/web/content/<id>[/<name>]`, `/web/content?model=…&id=…&field=…`, and the same below `/web/image`. */
export interface FileRequest {
  method: 'GET' | 'HEAD'
  /** An attachment's id, or with `model` and `field` the id of the record whose binary field is meant. */
  id: number
  model?: string
  field?: string
  /** The file's name for the one who downloads it; the attachment's own without it. */
  name?: string
  accessToken?: string
  /** Asked to be saved, also where it could be shown. */
  isDownload?: boolean
  range?: string
  ifRange?: string
  ifNoneMatch?: string
}

export interface FileAnswer {
  status: 200 | 204 | 206 | 304 | 404 | 416
  headers: Record<string, string>
  body: Readable | null
}

/** What is read inside the call's connection; `answer` then needs none, however long the client takes. */
export interface FoundFile {
  file: StoredFile
  name: string
}

/** A field that holds no file, of a record that the caller may read. */
type Nothing = 'nothing'

/**
 * Finds a file as `env`'s user: he must see the attachment, and the record (and field) it hangs on. Null for everything that
 * is not there or not his: one answer for both. 'nothing' for a field of his that is empty.
 */
export async function findFile(env: Env, store: FileStore, request: FileRequest): Promise<FoundFile | Nothing | null> {
  try {
    const named = request.model && request.model !== 'ir.attachment' ? await ofField(env, request) : await ofAttachment(env, request)
    if (named === null || named === 'nothing') return named
    return { file: await store.find(env.cx, named.blob), name: request.name || named.name }
  } catch (error) {
    if (error instanceof UserError || error instanceof NotFoundError) return null
    throw error
  }
}

/** The answer to `/web/content`: a download, or shown in the page where a picture cannot do harm. */
export const contentAnswer = (found: FoundFile | Nothing | null, request: FileRequest): FileAnswer =>
  found && found !== 'nothing' ? answer(found, request) : notFound()

/** The answer to `/web/image`: pictures only. Where there could be one and is none, that is no error: browsers would tell it as one. */
export const imageAnswer = (found: FoundFile | Nothing | null, request: FileRequest): FileAnswer => {
  if (found === 'nothing') return { status: 204, headers: { ...always }, body: null }
  return found && isSafeImage(found.file.mimetype) ? answer(found, request) : notFound()
}

interface NamedBlob {
  blob: string
  name: string
}

async function ofField(env: Env, { model, id, field }: FileRequest): Promise<NamedBlob | Nothing | null> {
  const info = env.registry.models.get(model!)?.fields.get(field ?? 'datas')
  if (info?.kind !== 'binary') return null
  const record = await readOne(env, model!, id, [info.name])
  if (!record) return null
  const blob = record[info.name]
  return typeof blob === 'string' ? { blob, name: `${model}-${id}-${info.name}` } : 'nothing'
}

const attachmentFields = ['name', 'type', 'raw', 'res_model', 'res_id', 'res_field']

async function ofAttachment(env: Env, { id, accessToken }: FileRequest): Promise<NamedBlob | null> {
  const open = isId(id) ? await openToAll(env, id, accessToken) : undefined
  if (open) return open
  const file = await readOne(env, 'ir.attachment', id, attachmentFields)
  if (!file || file.type !== 'binary' || typeof file.raw !== 'string') return null
  if (!(await mayFollow(env, file))) return null
  return { blob: file.raw, name: String(file.name) }
}

/** The model's own rules say the same; said here again, because the whole content hangs on it. */
async function mayFollow(env: Env, file: Record<string, unknown>): Promise<boolean> {
  if (!file.res_model || !file.res_id) return true
  const model = env.registry.models.get(String(file.res_model))
  if (!model || (file.res_field && !model.fields.has(String(file.res_field)))) return false
  const record = await readOne(env, model.name, Number(file.res_id), file.res_field ? [String(file.res_field)] : ['id'])
  return record !== undefined
}

async function openToAll(env: Env, id: number, token: string | undefined): Promise<NamedBlob | undefined> {
  const [shared] = token ? await env.cx.query<NamedBlob>(sharedAttachment(id, hashOf(token))) : []
  return shared ?? (await env.cx.query<NamedBlob>(publicAttachment(id)))[0]
}

/**
 * Makes a link's token for an attachment that `env`'s user may change, and ends the one before. The token is shown once: the
 * attachment keeps its hash.
 */
export async function shareFile(env: Env, id: number): Promise<string> {
  await recordOf(env, 'ir.attachment', id).lock()
  const token = randomBytes(32).toString('base64url')
  await env.asSystem('the token in the link to an attachment is replaced', async (sys) => {
    await recordOf(sys, 'ir.attachment', id).write({ access_token: hashOf(token) })
  })
  return token
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')
const isId = (id: number) => Number.isSafeInteger(id) && id > 0 && id <= 0x7fffffff

async function readOne(env: Env, model: string, id: number, fields: readonly string[]): Promise<Record<string, unknown> | undefined> {
  if (!isId(id)) return undefined
  const [record] = await recordOf(env, model, id).read(fields)
  return record
}

/** Records whose model the types of this package cannot know: the registry was asked for it, or the base app always has it. */
interface AnyRecords {
  read(fields: readonly string[]): Promise<Record<string, unknown>[]>
  write(values: Record<string, unknown>): Promise<void>
  lock(): Promise<void>
}

const recordOf = (env: { model(name: never): { browse(ids: number[]): unknown } }, model: string, id: number): AnyRecords =>
  env.model(model as never).browse([id]) as AnyRecords

// Nothing in a file may run or reach out, whatever a browser takes it for. `no-cache`: kept, but asked for again each time,
// since the right to see it may have ended.
const always = {
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'private, no-cache',
}

function answer({ file, name }: FoundFile, request: FileRequest): FileAnswer {
  const etag = `"${file.name}"`
  const headers: Record<string, string> = { ...always, etag, 'accept-ranges': 'bytes' }
  if (matches(request.ifNoneMatch, etag)) return { status: 304, headers, body: null }

  const mayRange = request.ifRange === undefined || request.ifRange === etag
  const range = mayRange ? rangeOf(request.range, file.size) : 'all'
  if (range === 'none') return { status: 416, headers: { ...headers, 'content-range': `bytes */${file.size}` }, body: null }

  const [start, end] = range === 'all' ? [0, file.size - 1] : range
  headers['content-type'] = servedType(file.mimetype, name)
  headers['content-disposition'] = disposition(isSafeImage(file.mimetype) && !request.isDownload ? 'inline' : 'attachment', name)
  headers['content-length'] = String(end - start + 1)
  if (range !== 'all') headers['content-range'] = `bytes ${start}-${end}/${file.size}`
  const body = request.method === 'HEAD' ? null : file.stream(start, end)
  return { status: range === 'all' ? 200 : 206, headers, body }
}

const notFound = (): FileAnswer => ({ status: 404, headers: { ...always }, body: null })

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)

/** RFC 6266: a plain name for old clients, the real one in UTF-8. Neither can end the header or name a folder. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  const bare = [...name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\]/gu, '_')].slice(0, 200).join('').toWellFormed()
  const plain = bare.replaceAll(/[^\x20-\x7e]|["%]/g, '_')
  const encoded = encodeURIComponent(bare).replaceAll(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}
