import type { ListTexts } from './list.en.ts'

export const listKo: ListTexts = {
  selectRows: '행 선택',
  addChosen: (n) => `${n}개 추가`,
  addChosenNone: '추가',
  pickSeveralHint: '하나를 누르면 바로 추가됩니다. 여러 개는 체크하세요.',
  freezeColumn: (name) => `${name} 열까지 고정`,
  unfreezeColumn: (name) => `${name} 열부터 고정 해제`,
  linkToColumns: '이 열 구성의 링크 복사',
  toList: '목록으로',
  searchedLately: '최근 검색',
}
