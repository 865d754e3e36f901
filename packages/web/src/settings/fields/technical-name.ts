/** The ORM's bound (packages/orm/custom/definition.ts). */
const longest = 60

export const isTechnicalName = (name: string): boolean => name.length <= longest && /^x_[a-z0-9][a-z0-9_]*$/.test(name)

const initials = ['g', 'kk', 'n', 'd', 'tt', 'r', 'm', 'b', 'pp', 's', 'ss', '', 'j', 'jj', 'ch', 'k', 't', 'p', 'h']
const vowels = ['a', 'ae', 'ya', 'yae', 'eo', 'e', 'yeo', 'ye', 'o', 'wa', 'wae', 'oe', 'yo', 'u', 'wo', 'we', 'wi', 'yu', 'eu', 'ui', 'i']
const finals = [
  '',
  'k',
  'k',
  'k',
  'n',
  'n',
  'n',
  't',
  'l',
  'k',
  'm',
  'l',
  'l',
  'l',
  'p',
  'l',
  'm',
  'p',
  'p',
  't',
  't',
  'ng',
  't',
  't',
  'k',
  't',
  'p',
  't',
]
const firstSyllable = 0xac00
const lastSyllable = 0xd7a3

/** Letter by letter, without the changes between syllables: it only has to be readable and always the same. */
function romanised(text: string): string {
  return [...text]
    .map((letter) => {
      const at = letter.codePointAt(0)!
      if (at < firstSyllable || at > lastSyllable) return letter
      const index = at - firstSyllable
      return initials[Math.floor(index / 588)]! + vowels[Math.floor((index % 588) / 28)]! + finals[index % 28]!
    })
    .join('')
}

/** A technical name made of a label, `고객 등급` → `x_gogaek_deunggeup`, that none of `taken` has. */
export function technicalName(label: string, taken: readonly string[]): string {
  const word = romanised(label)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
  if (label.trim() === '') return 'x_'
  const stem = `x_${word || 'field'}`.slice(0, longest - 4)
  for (let i = 1; ; i++) {
    const name = i === 1 ? stem : `${stem}_${i}`
    if (!taken.includes(name)) return name
  }
}
