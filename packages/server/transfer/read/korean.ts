/**
 * CP949, in which Excel writes Korean CSV. Node's own `euc-kr` knows only the 2,350 syllables of KS X 1001, and loses the others without a word;
 * CP949 adds the remaining 8,822, in the order of Unicode, at the codes that were free.
 */
let table: Uint16Array | undefined

const isTrail = (lead: number, trail: number): boolean =>
  (trail >= 0x41 && trail <= 0x5a) || (trail >= 0x61 && trail <= 0x7a) || (trail >= 0x81 && trail <= (lead <= 0xa0 ? 0xfe : 0xa0))

function makeTable(): Uint16Array {
  const made = new Uint16Array(0x10000)
  const standard = new TextDecoder('euc-kr')
  const known = new Set<number>()
  for (let lead = 0xa1; lead <= 0xfe; lead++)
    for (let trail = 0xa1; trail <= 0xfe; trail++) {
      const letter = standard.decode(Uint8Array.of(lead, trail))
      if (letter.length !== 1 || letter === '\ufffd') continue
      made[(lead << 8) | trail] = letter.charCodeAt(0)
      known.add(letter.charCodeAt(0))
    }
  // The euro and the registered sign came later.
  made[0xa2e6] = 0x20ac
  made[0xa2e7] = 0xae
  let syllable = 0xac00
  for (let lead = 0x81; lead <= 0xc6; lead++)
    for (let trail = 0x41; trail <= 0xfe; trail++) {
      if (!isTrail(lead, trail)) continue
      while (known.has(syllable)) syllable++
      if (syllable > 0xd7a3) return made
      made[(lead << 8) | trail] = syllable++
    }
  return made
}

/** Decodes CP949 as it comes; as a `TextDecoder` with `fatal`, throws TypeError for bytes that are no letter. */
export class KoreanDecoder {
  #lead = 0

  decode(bytes: Uint8Array = new Uint8Array(), { stream = false } = {}): string {
    table ??= makeTable()
    const units = new Uint16Array(bytes.length + 1)
    let length = 0
    for (const byte of bytes) {
      if (this.#lead !== 0) {
        const unit = table[(this.#lead << 8) | byte]!
        if (unit === 0) throw new TypeError('No letter of CP949.')
        units[length++] = unit
        this.#lead = 0
      } else if (byte < 0x80) units[length++] = byte
      else this.#lead = byte
    }
    if (!stream && this.#lead !== 0) throw new TypeError('CP949 ends within a letter.')
    return new TextDecoder('utf-16le').decode(units.subarray(0, length))
  }
}
