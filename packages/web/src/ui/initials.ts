/** What stands for a person where there is no picture: two letters of a name in letters, the first syllable of a Korean or Chinese one. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = [...(words[0] ?? '')]
  if (/\p{Script=Hangul}|\p{Script=Han}/u.test(name)) return first[0] ?? ''
  const last = words.length > 1 ? [...words.at(-1)!].slice(0, 1) : []
  return [...first.slice(0, 1), ...last].join('').toLocaleUpperCase()
}
