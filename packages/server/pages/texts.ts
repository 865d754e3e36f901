/** The words of the pages made here; the client brings its own. */
const english = {
  code: 'en',
  signIn: 'Sign in',
  signInTo: (instance: string) => `Sign in to ${instance}`,
  login: 'Email or login',
  password: 'Password',
  wrong: 'Wrong login or password.',
  wait: (seconds: number) => `Too many failed sign-ins. Please try again in ${seconds} second${seconds === 1 ? '' : 's'}.`,
  busy: 'Many people are signing in right now. Please try again in a moment.',
  stale: 'This page was open for a long time. Please try again.',
  signedOut: 'You are signed out.',
  signOut: 'Sign out',
  welcome: (name: string) => `Hello, ${name}`,
  signedInAs: 'Signed in as',
  instance: 'Instance',
  company: 'Company',
  apps: 'Installed apps',
  noApps: 'No apps are installed.',
  forgot: 'Forgot your password?',
  forgotHint: 'Tell us your login. If there is such an account, a link to choose a new password is on its way to its mail address.',
  sendLink: 'Send me a link',
  linkSent: 'If there is such an account, a mail with a link is on its way. The link is good for 30 minutes.',
  tooManyAsks: 'Too many links were asked for from your network. Please try again in an hour.',
  backToSignIn: 'Back to signing in',
  choose: 'Choose your password',
  chooseFor: (instance: string) => `Choose your password for ${instance}`,
  chooseHint: (name: string, login: string) => `For ${name}, who signs in as ${login}.`,
  newPassword: 'New password',
  newPasswordAgain: 'New password again',
  lengthHint: (least: number) => `At least ${least} characters. Several words in a row are easy to keep in mind.`,
  tooShort: (least: number) => `That password is too short: it takes at least ${least} characters.`,
  badPassword: 'That password cannot be used. Please take another one.',
  notTheSame: 'The two passwords are not the same.',
  keepAndSignIn: 'Save and sign in',
  linkGone: 'This link is no longer valid',
  linkGoneHint: 'It was used, its time is over, or a newer one was sent. You can have a new link sent to you.',
  copy: (of: string | null, made: string, expires: string | null) =>
    `Copy${of === null ? '' : ` of ${of}`}, made on ${made}. Nothing you do here reaches customers: it sends no mail, runs no jobs and calls no other system.${expires === null ? '' : ` It is removed on ${expires}.`}`,
  suspended: 'This instance is suspended',
  suspendedHint: 'Nothing is lost: its data are kept and backed up. Whoever runs it for you can tell why, and resume it.',
  tooQuick: 'Too many requests at once',
  tooQuickHint: 'Nothing is lost, and nothing was done. Wait a moment, then load this page again.',
  programs: 'For programs',
  programsHint:
    'Every model answers over JSON-2, JSON-RPC and XML-RPC. Programs sign in with an API key and reach what its owner may reach.',
  notFound: 'This page does not exist',
  notFoundHint: 'It may have moved, or the address has a typing error.',
  forbidden: 'You may not open this page',
  forbiddenHint: 'Ask an administrator if you need it for your work.',
  failed: 'Something went wrong',
  failedHint: 'It is our fault, and it has been recorded. Please try again in a moment.',
  reference: 'Reference',
  back: 'Back to the start',
}

export type Texts = typeof english

const korean: Texts = {
  code: 'ko',
  signIn: '로그인',
  signInTo: (instance) => `${instance}에 로그인`,
  login: '이메일 또는 아이디',
  password: '비밀번호',
  wrong: '아이디 또는 비밀번호가 올바르지 않습니다.',
  wait: (seconds) => `로그인에 여러 번 실패했습니다. ${seconds}초 후에 다시 시도해 주세요.`,
  busy: '지금 로그인하는 사람이 많습니다. 잠시 후 다시 시도해 주세요.',
  stale: '페이지를 연 지 오래되었습니다. 다시 시도해 주세요.',
  signedOut: '로그아웃되었습니다.',
  signOut: '로그아웃',
  welcome: (name) => `${name} 님, 안녕하세요`,
  signedInAs: '로그인한 사용자',
  instance: '인스턴스',
  company: '회사',
  apps: '설치된 앱',
  noApps: '설치된 앱이 없습니다.',
  forgot: '비밀번호를 잊으셨나요?',
  forgotHint: '아이디를 입력해 주세요. 해당 계정이 있으면 새 비밀번호를 정할 수 있는 링크를 계정의 메일 주소로 보냅니다.',
  sendLink: '링크 받기',
  linkSent: '해당 계정이 있으면 링크가 담긴 메일을 보냈습니다. 링크는 30분 동안 유효합니다.',
  tooManyAsks: '같은 네트워크에서 링크를 너무 많이 요청했습니다. 한 시간 후에 다시 시도해 주세요.',
  backToSignIn: '로그인으로 돌아가기',
  choose: '비밀번호 정하기',
  chooseFor: (instance) => `${instance} 비밀번호 정하기`,
  chooseHint: (name, login) => `${name} 님의 계정이며, 아이디는 ${login}입니다.`,
  newPassword: '새 비밀번호',
  newPasswordAgain: '새 비밀번호 확인',
  lengthHint: (least) => `${least}자 이상이어야 합니다. 단어를 여러 개 이어 쓰면 기억하기 쉽습니다.`,
  tooShort: (least) => `비밀번호가 너무 짧습니다. ${least}자 이상 입력해 주세요.`,
  badPassword: '사용할 수 없는 비밀번호입니다. 다른 비밀번호를 입력해 주세요.',
  notTheSame: '두 비밀번호가 서로 다릅니다.',
  keepAndSignIn: '저장하고 로그인',
  linkGone: '더 이상 사용할 수 없는 링크입니다',
  linkGoneHint: '이미 사용했거나, 기한이 지났거나, 새 링크가 발송되었습니다. 새 링크를 다시 받을 수 있습니다.',
  copy: (of, made, expires) =>
    `${made}에 만든 ${of === null ? '' : `${of}의 `}사본입니다. 여기서 하는 일은 고객에게 전달되지 않으며, 메일을 보내거나 작업을 실행하거나 다른 시스템을 호출하지 않습니다.${expires === null ? '' : ` ${expires}에 삭제됩니다.`}`,
  suspended: '일시 중지된 인스턴스입니다',
  suspendedHint: '데이터는 그대로 보관되고 백업됩니다. 중지된 이유와 재개에 대해서는 서비스 운영자에게 문의해 주세요.',
  tooQuick: '요청이 한꺼번에 너무 많이 들어왔습니다',
  tooQuickHint: '처리된 것은 없으며 잃은 것도 없습니다. 잠시 후 페이지를 새로고침해 주세요.',
  programs: '프로그램 연동',
  programsHint:
    '모든 모델은 JSON-2, JSON-RPC, XML-RPC로 응답합니다. 프로그램은 API 키로 로그인하며, 키 소유자의 권한만큼만 접근할 수 있습니다.',
  notFound: '페이지를 찾을 수 없습니다',
  notFoundHint: '주소가 바뀌었거나 잘못 입력되었을 수 있습니다.',
  forbidden: '이 페이지를 열 권한이 없습니다',
  forbiddenHint: '업무에 필요하다면 관리자에게 문의해 주세요.',
  failed: '문제가 발생했습니다',
  failedHint: '저희 쪽 오류이며 기록되었습니다. 잠시 후 다시 시도해 주세요.',
  reference: '참조 번호',
  back: '처음으로',
}

/** The texts for a user's language (`ko_KR`) if there is one, else for what the browser prefers (`Accept-Language`). */
export function textsFor(lang: string | undefined, accepted: string | undefined): Texts {
  const wanted = lang === undefined ? byPreference(accepted ?? '') : [lang.toLowerCase()]
  for (const code of wanted) {
    if (/^ko\b|^ko_/.test(code)) return korean
    if (/^en\b|^en_/.test(code)) return english
  }
  return english
}

const byPreference = (header: string): string[] =>
  header
    .slice(0, 500)
    .toLowerCase()
    .split(',')
    .map((one) => {
      const [code = '', ...parameters] = one.trim().split(';')
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find((value) => value !== undefined)
      return { code: code.trim(), quality: quality === undefined ? 1 : Number(quality) || 0 }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ code }) => code)
