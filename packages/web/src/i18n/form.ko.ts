import type { FormTexts } from './form.en.ts'

export const formKo: FormTexts = {
  addHeading: (kind) => `${kind} 추가`,
  moveLine: (n) => `${n}번째 줄 이동`,
  moveLineHint: '끌어서 옮기거나, 줄에서 Alt ↑, Alt ↓',
  moveLineKeys: '커서가 있는 줄 이동',
  lineOrder: '줄 순서',
}
