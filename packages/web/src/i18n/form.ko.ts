import type { FormTexts } from './form.en.ts'

export const formKo: FormTexts = {
  createAndEdit: '새로 만들고 편집…',
  searchMore: '더 찾아보기…',
  newIn: (field) => `새로 만들기: ${field}`,
  searchIn: (field) => `찾기: ${field}`,
  hours: '시',
  minutes: '분',
  amPm: '오전 또는 오후',
  print: '인쇄',
  copyLink: '링크 복사',
  linkCopied: '링크를 복사했습니다.',
  addHeading: (kind) => `${kind} 추가`,
  moveLine: (n) => `${n}번째 줄 이동`,
  moveLineHint: '끌어서 옮기거나, 줄에서 Alt ↑, Alt ↓',
  moveLineKeys: '커서가 있는 줄 이동',
  lineOrder: '줄 순서',
  notYet: (why) => `아직 할 수 없습니다: ${why}`,
  stepUnsaved: '먼저 저장해 주세요.',
  stepNotFrom: (now) => `‘${now}’ 상태에서 바로 갈 수 없는 단계입니다.`,
  stepNotYours: '이 단계를 진행할 권한이 없습니다.',
  stepQuestion: (step) => `‘${step}’ 단계로 진행할까요?`,
}
