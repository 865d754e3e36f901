import { useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { IconUser } from '../ui/icons.ts'
import { modelOfRecord } from './owner.ts'
import type { EditProps, FieldWidget, ShowProps } from './widget.ts'

const largestBytes = 8 << 20

/** A picture by its own address; the record's version in it shows a new one at once. */
function ImageShow({ field, value, record }: ShowProps) {
  const [isMissing, setMissing] = useState(false)
  const model = modelOfRecord(record)
  if (typeof value === 'string') return <img className="picture" src={`data:image/*;base64,${value}`} alt={field.string} />
  if (isMissing || !model || typeof record['id'] !== 'number') {
    return (
      <span className="picture picture-none" role="img" aria-label={field.string}>
        <IconUser size={30} stroke={1.4} aria-hidden />
      </span>
    )
  }
  const address = `/web/image/${model}/${record['id']}/${field.name}?unique=${String(record['version'] ?? '')}`
  return <img className="picture" src={address} alt={field.string} onError={() => setMissing(true)} />
}

function ImageEdit(props: EditProps) {
  const { id, onChange, field } = props
  const t = useTexts()
  const [problem, setProblem] = useState<string | null>(null)
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return
    if (file.size > largestBytes) return setProblem(t.fileTooLarge)
    setProblem(null)
    const bytes = new Uint8Array(await file.arrayBuffer())
    let text = ''
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
    onChange(btoa(text))
  }
  return (
    <label className="picture-edit">
      <ImageShow {...props} />
      <input
        id={id}
        type="file"
        className="sr"
        accept="image/png,image/jpeg,image/webp,image/gif"
        aria-label={field.string}
        onChange={(event) => void take(event.target.files?.[0])}
      />
      {problem && (
        <span className="problem" role="alert">
          {problem}
        </span>
      )}
    </label>
  )
}

export const image: FieldWidget = { Show: ImageShow, Edit: ImageEdit }
