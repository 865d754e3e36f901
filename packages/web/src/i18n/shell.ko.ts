import type { shellEn } from './shell.en.ts'

const lines = (n: number, what: string): string => (n === 0 ? '' : `${n}개 ${what}`)

export const shellKo: typeof shellEn = {
  toMe: '나에게 온 메시지',
  messageFrom: (who) => `${who} 님이 메시지를 보냈습니다`,
  noteFrom: (who) => `${who} 님이 메모를 남겼습니다`,
  appsHint: '끌어서 옮기거나 Alt와 화살표 키로 순서를 바꿉니다.',
  appMoved: (app, place, of) => `${app}: 전체 ${of}개 중 ${place}번째로 옮겼습니다.`,
  dueInApp: (count) => ` (처리할 활동 ${count}건)`,
  signInHere: '세션이 만료되었습니다. 다시 로그인하면 하던 작업이 그대로 이어집니다.',
  signInAs: '로그인 계정',
  password: '비밀번호',
  toSignInPage: '로그인 페이지로 이동',
  confirmIdentity: '본인 확인',
  confirmIdentityHint: '권한에 관한 변경입니다. 비밀번호를 입력하면 계속 진행되며, 10분 동안 다시 묻지 않습니다.',
  passwordIsWrong: '비밀번호가 올바르지 않습니다.',

  looking: '찾는 중…',
  onThisScreen: '이 화면에서',

  doneOf: (done, total) => `${total}건 중 ${done}건`,
  stopHere: '여기서 중지',
  stopping: '중지하는 중…',
  wasStopped: '사용자가 중지하여 나머지는 그대로입니다.',
  leftAsTheyAre: (n) => `${n}건은 변경되지 않았습니다.`,
  massCut: '대상이 더 있습니다. 나머지는 검색 조건을 좁혀 변경하십시오.',
  undo: '실행 취소',
  undoneCount: (n) => `${n}건을 이전 상태로 되돌렸습니다.`,
  notices: '알림',
  noNotices: '아직 알림이 없습니다. 오래 걸린 작업의 결과와 실패한 작업이 여기에 남습니다.',
  clearNotices: '모두 지우기',
  unreadNotices: (n) => (n === 0 ? '알림' : `알림, 새 알림 ${n}건`),

  firstSteps: '처음 할 일',
  stepsDone: (done, total) => `${total}개 중 ${done}개 완료`,
  stepDone: '완료',
  hideSteps: '숨기기',
  examplesHere: '예제 데이터가 들어 있습니다',
  examplesHint: '예제로 먼저 사용해 보고, 실제 업무를 시작할 때 삭제하십시오.',
  removeExamples: '예제 삭제…',
  removeExamplesTitle: '예제 삭제',
  examplesAre: '앱과 함께 제공된 시험용 데이터:',
  examplesStay: (n) => `실제 데이터에서 사용 중이므로 남겨 둡니다(${n}건):`,
  usedBy: (by) => `사용: ${by}`,
  removeN: (n) => `${n}건 삭제`,
  examplesRemoved: (n) => `예제 ${n}건을 삭제했습니다.`,

  draftFound: (when) => `여기에 입력하고 저장하지 않은 내용이 있습니다(${when}).`,
  draftIsOlder: '그 뒤에 이 기록이 변경되었습니다.',
  draftTitle: '저장하지 않은 입력 내용',
  draftNow: '현재',
  draftThen: '입력한 내용',
  draftLines: (added, changed, removed) =>
    [lines(added, '추가'), lines(changed, '변경'), lines(removed, '삭제')].filter(Boolean).join(', '),
  compare: '비교',
  takeUp: '이어서 작성',
  throwAway: '버리기',

  held: '서버에 요청이 몰려 있습니다. 잠시 후 자동으로 다시 보냅니다.',
}
