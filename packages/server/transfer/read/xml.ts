import { SaxesParser } from 'saxes'
import { FileProblem } from '../says.ts'

/** What a reader of XML is told; names without their prefix. */
export interface XmlEvents {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1)
const damaged = (): FileProblem => new FileProblem('The Excel file is damaged: a part of it cannot be read.')

/** No workbook nests deeper than a few; a parser keeps what is open. */
const mostDepth = 200
/** What comes without an end of any kind: a name, an attribute, a comment. Cells have 32,767 signs, a text may have a few of them. */
const mostPending = 8 << 20

/**
 * Reads XML as it comes; hands back after each piece, so that what was found can go on its way. There are no entities but the five of XML, and a
 * document that declares others is refused: nothing expands, and nothing is fetched.
 */
export async function* readXml(bytes: AsyncIterable<Buffer>, events: XmlEvents): AsyncGenerator<void> {
  const parser = new SaxesParser({ xmlns: false })
  let [depth, pending] = [0, 0]
  const decoder = new TextDecoder('utf-8', { fatal: true })
  parser.on('doctype', () => {
    throw damaged()
  })
  parser.on('error', () => {
    throw damaged()
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (++depth > mostDepth) throw damaged()
    pending = 0
    events.open?.(local(name), attributes)
  })
  parser.on('text', (text) => events.text?.(text))
  parser.on('cdata', (text) => events.text?.(text))
  parser.on('closetag', ({ name }) => {
    depth--
    pending = 0
    events.close?.(local(name))
  })
  for await (const chunk of bytes) {
    pending += chunk.length
    if (pending > mostPending) throw damaged()
    parser.write(textOf(decoder, chunk))
    yield
  }
  parser.write(textOf(decoder))
  parser.close()
  yield
}

function textOf(decoder: InstanceType<typeof TextDecoder>, chunk?: Buffer): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
  } catch {
    throw damaged()
  }
}
