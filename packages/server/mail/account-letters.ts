import { type AccountNews, type Letter, localeOf } from '@erp4/orm'
import { html, render } from '../html/index.ts'
import type { AccountOwner } from '../sql/account-owner.ts'

/** Somebody signed in from where nobody had signed in to this account before. */
export interface DeviceNews {
  readonly user: number
  readonly what: 'device'
  /** The network address. */
  readonly source: string
  /** As the browser called itself. */
  readonly agent: string | undefined
}

interface Facts {
  readonly owner: AccountOwner
  /** It goes to the address that is not the account's any more. */
  readonly isFormer: boolean
  readonly at: Date
  readonly origin: string
}

interface Words {
  readonly subject: string
  readonly hello: string
  readonly what: string
  readonly facts: readonly string[]
  readonly otherwise: string
  /** Where it leads opens nothing by itself. */
  readonly door?: { readonly label: string; readonly path: string }
}

type Speak = (news: AccountNews | DeviceNews, facts: Facts, when: (moment: Date) => string) => Words

const resetPath = '/web/reset_password'
const preferencesPath = '/odoo/preferences'

const english: Speak = (news, { owner, isFormer, at }, when) => {
  const { login, company, other } = owner
  const hello = `Hello ${owner.name ?? login},`
  const time = `When: ${when(at)}`
  const by = other === null ? [] : [`By: ${other}`]
  const reset = { label: 'Choose a new password', path: resetPath }
  switch (news.what) {
    case 'password':
      return {
        subject: `Your password for ${company} was changed`,
        hello,
        what: `The password of your account ${login} was changed. Other devices were signed out.`,
        facts: [time],
        otherwise: 'If it was not you, choose a new password now and tell your administrator.',
        door: reset,
      }
    case 'key':
      return {
        subject: `An API key was made for your account at ${company}`,
        hello,
        what: `With the new key “${news.name}” a program can do whatever you can as ${login}.`,
        facts: [time, news.ends === null ? 'It is good until it is removed.' : `It is good until ${when(news.ends)}.`],
        otherwise: 'If it was not you, remove the key in your preferences, choose a new password and tell your administrator.',
        door: { label: 'See my keys', path: preferencesPath },
      }
    case 'device':
      return {
        subject: `New sign-in to ${company}`,
        hello,
        what: `Somebody signed in as ${login} on a device that we have not seen before.`,
        facts: [time, `From: ${news.source}`, `With: ${news.agent ?? 'an unnamed program'}`],
        otherwise: 'If it was you, there is nothing to do. If not, choose a new password now and tell your administrator.',
        door: reset,
      }
    case 'address':
      return isFormer
        ? {
            subject: `Your mail address at ${company} was changed`,
            hello,
            what: `Mails about your account ${login} go to another address from now on. This is the last one to this address.`,
            facts: [time, ...by],
            otherwise: 'If you did not want this, tell your administrator at once: a new password can be asked for by the new address.',
          }
        : {
            subject: `This is your mail address at ${company} now`,
            hello,
            what: `Mails about your account ${login} come to this address from now on.`,
            facts: [time, ...by],
            otherwise: 'If you do not know this account, tell whoever runs it.',
          }
  }
}

const korean: Speak = (news, { owner, isFormer, at }, when) => {
  const { login, company, other } = owner
  const hello = `${owner.name ?? login} 님, 안녕하세요.`
  const time = `일시: ${when(at)}`
  const by = other === null ? [] : [`변경한 사람: ${other}`]
  const reset = { label: '새 비밀번호 정하기', path: resetPath }
  switch (news.what) {
    case 'password':
      return {
        subject: `${company} 비밀번호가 변경되었습니다`,
        hello,
        what: `${login} 계정의 비밀번호가 변경되었습니다. 다른 기기에서는 로그아웃되었습니다.`,
        facts: [time],
        otherwise: '본인이 변경하지 않았다면 지금 새 비밀번호를 정하고 관리자에게 알려 주세요.',
        door: reset,
      }
    case 'key':
      return {
        subject: `${company} 계정에 API 키가 만들어졌습니다`,
        hello,
        what: `새 키 ‘${news.name}’(으)로 프로그램이 ${login} 계정의 모든 권한을 사용할 수 있습니다.`,
        facts: [time, news.ends === null ? '삭제할 때까지 유효합니다.' : `유효 기한: ${when(news.ends)}`],
        otherwise: '본인이 만들지 않았다면 환경설정에서 키를 삭제하고, 새 비밀번호를 정한 뒤 관리자에게 알려 주세요.',
        door: { label: '내 키 보기', path: preferencesPath },
      }
    case 'device':
      return {
        subject: `${company}에 새 기기로 로그인했습니다`,
        hello,
        what: `이전에 사용한 적이 없는 기기에서 ${login} 계정으로 로그인했습니다.`,
        facts: [time, `접속 주소: ${news.source}`, `프로그램: ${news.agent ?? '알 수 없음'}`],
        otherwise: '본인이 로그인했다면 그대로 두셔도 됩니다. 아니라면 지금 새 비밀번호를 정하고 관리자에게 알려 주세요.',
        door: reset,
      }
    case 'address':
      return isFormer
        ? {
            subject: `${company} 계정의 메일 주소가 변경되었습니다`,
            hello,
            what: `${login} 계정에 관한 메일은 이제 다른 주소로 보냅니다. 이 주소로는 마지막 메일입니다.`,
            facts: [time, ...by],
            otherwise: '원하지 않은 변경이라면 바로 관리자에게 알려 주세요. 새 주소로 비밀번호를 다시 정할 수 있습니다.',
          }
        : {
            subject: `이제 이 주소가 ${company} 계정의 메일 주소입니다`,
            hello,
            what: `${login} 계정에 관한 메일은 이제 이 주소로 보냅니다.`,
            facts: [time, ...by],
            otherwise: '모르는 계정이라면 해당 서비스 담당자에게 알려 주세요.',
          }
  }
}

/** The letter that tells somebody what happened to his account, in his language and zone: all of it but whom it is from and to. */
export function newsLetter(news: AccountNews | DeviceNews, facts: Facts): Omit<Letter, 'from' | 'to'> {
  const { lang, tz } = facts.owner
  const language = lang?.startsWith('ko') === true ? 'ko_KR' : 'en_US'
  const {
    subject,
    hello,
    what,
    facts: lines,
    otherwise,
    door,
  } = (language === 'ko_KR' ? korean : english)(news, facts, (moment) => written(moment, language, tz))
  return {
    language,
    subject: subject.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200),
    body: render(html`<p>${hello}</p><p>${what}</p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul><p>${otherwise}</p>`),
    ...(door ? { links: [{ label: door.label, url: `${facts.origin}${door.path}` }] } : {}),
  }
}

/** `1 March 2026 at 18:30 GMT+9`. */
function written(moment: Date, language: string, tz: string | null): string {
  const options = { dateStyle: 'long', timeStyle: 'long' } as const
  return new Intl.DateTimeFormat(localeOf(language), { ...options, timeZone: tz ?? 'UTC' }).format(moment)
}
