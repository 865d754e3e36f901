import type { RichTexts } from './rich.en.ts'

export const richKo: RichTexts = {
  formatting: '서식',
  bold: '굵게',
  italic: '기울임',
  bullets: '글머리 기호 목록',
  numbers: '번호 목록',
  link: '링크',
  linkTo: '링크 주소',
  linkPlaceholder: 'https://… 또는 이메일 주소',
  setLink: '적용',
  removeLink: '링크 제거',
  noLink: '웹 주소나 이메일 주소를 입력하세요.',
  hasMore: '표나 그림처럼 여기서 편집할 수 없는 내용이 들어 있습니다. 그대로 두거나,',
  writeOn: '그 부분 없이 이어서 편집할 수 있습니다',
}
