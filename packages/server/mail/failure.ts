// Why a mail did not leave, and how people are told.

/** The key that sealed it is not here: the mail came with a copy of another instance's data. */
class SealedElsewhere extends Error {
  override name = 'SealedElsewhere'
}
export const sealedElsewhere = (): Error => new SealedElsewhere()

export interface Failure {
  /** For good; not now; not this server; a fault of our own. */
  readonly kind: 'refused' | 'later' | 'unreachable' | 'ours'
  readonly what: 'sealed' | 'answered' | 'password' | 'starttls' | 'unusable' | 'ours'
  /** What the server said, or what stood in the way. */
  readonly answer: string
}

const connecting = new Set([
  'ECONNECTION',
  'ETIMEDOUT',
  'ESOCKET',
  'EDNS',
  'ETLS',
  'EREQUIRETLS',
  'EPROTOCOL',
  'ENOAUTH',
  'EPROXY',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
])

export function judge(error: unknown): Failure {
  const { code, responseCode, response, message } = error as { code?: string; responseCode?: number; response?: string; message?: string }
  const answer = String(response ?? message)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, 300)
  if (error instanceof SealedElsewhere) return { kind: 'refused', what: 'sealed', answer }
  if (code === 'EENVELOPE' || code === 'EMESSAGE')
    return { kind: (responseCode ?? 0) >= 500 ? 'refused' : 'later', what: 'answered', answer }
  if (code === 'EAUTH') return { kind: 'unreachable', what: 'password', answer }
  // Asked for STARTTLS, it answers that it does not know the word.
  if (code === 'ETLS' && response !== undefined) return { kind: 'unreachable', what: 'starttls', answer }
  if (code !== undefined && connecting.has(code)) return { kind: 'unreachable', what: 'unusable', answer }
  return { kind: 'ours', what: 'ours', answer }
}

type Words = Readonly<Record<Failure['what'], (answer: string) => string>>

const english: Words = {
  sealed: () => 'This mail was sealed with a key that is not here: have it written again.',
  answered: (answer) => `The mail server answered: ${answer}`,
  password: () => 'The mail server refused the user name or password.',
  starttls: (answer) => `The mail server does not offer STARTTLS here (${answer}). Choose another encryption or port.`,
  unusable: (answer) => `The mail server could not be used: ${answer}`,
  ours: () => 'Internal error.',
}

const korean: Words = {
  sealed: () => '이 메일을 봉인한 키가 여기에 없습니다. 메일을 다시 작성하십시오.',
  answered: (answer) => `메일 서버의 응답: ${answer}`,
  password: () => '메일 서버가 사용자 이름이나 비밀번호를 거부했습니다.',
  starttls: (answer) => `이 메일 서버는 이 포트에서 STARTTLS를 지원하지 않습니다(${answer}). 다른 암호화 방식이나 포트를 선택하십시오.`,
  unusable: (answer) => `메일 서버를 사용할 수 없습니다: ${answer}`,
  ours: () => '내부 오류입니다.',
}

export const sayFailure = ({ what, answer }: Failure, lang = 'en_US'): string => (lang.startsWith('ko') ? korean : english)[what](answer)
