import { ChooseFiles } from '../chatter/ChooseFiles.tsx'
import { formatBytes, largestBytes } from '../chatter/upload.ts'
import { locale } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { IconExternal, IconFile, IconX } from '../ui/icons.ts'
import { languageName, words } from './texts.ts'

interface Props {
  /** The document itself, in each language of the letters. */
  readonly papers: readonly { readonly lang: string; readonly name: string; readonly url: string }[]
  readonly files: readonly { readonly id: number; readonly name: string }[]
  readonly busy: string | null
  readonly onAttach: (files: readonly File[]) => Promise<void>
  readonly onDetach: (file: number) => Promise<void>
}

/** What goes with a letter: the document, to be looked at before, and what else somebody puts in. */
export function Attached({ papers, files, busy, onAttach, onDetach }: Props) {
  const t = useTexts()
  return (
    <section aria-label={words.files}>
      <ul className="letter-files">
        {papers.map(({ lang, name, url }) => (
          <li key={lang}>
            <a className="file" href={url} target="_blank" rel="noopener">
              <IconFile size={18} aria-hidden />
              <span>
                {name} {papers.length > 1 && <span className="soft small">{languageName(lang)}</span>}
              </span>
              <span className="letter-look">
                {words.preview} <IconExternal size={14} aria-hidden />
              </span>
            </a>
          </li>
        ))}
        {files.map((file) => (
          <li key={file.id}>
            <a className="file" href={`/web/content/${file.id}/${encodeURIComponent(file.name)}?download=true`} download={file.name}>
              <IconFile size={18} aria-hidden />
              <span>{file.name}</span>
            </a>
            <button type="button" className="bare" aria-label={t.removeFile(file.name)} onClick={() => void onDetach(file.id)}>
              <IconX size={14} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      <div className="letter-attach">
        <ChooseFiles onChoose={(files) => void onAttach(files)} />
        <span className="soft small" role="status">
          {busy ?? t.attachHint(formatBytes(largestBytes, locale))}
        </span>
      </div>
    </section>
  )
}
