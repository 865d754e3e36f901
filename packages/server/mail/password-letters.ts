import type { Letter } from '@erp4/orm'
import { html, render } from '../html/index.ts'
import type { LinkPurpose } from '../sql/auth-link.ts'

interface Facts {
  purpose: LinkPurpose
  name: string
  login: string
  company: string
  address: string
  /** A customer or supplier, who signs in to the portal. */
  isPortal: boolean
}

interface Words {
  subject: string
  hello: string
  why: string
  button: string
  signIn: string
  unexpected: string
}

const english = ({ purpose, name, login, company, isPortal }: Facts): Words =>
  purpose === 'invitation' && isPortal
    ? {
        subject: `Your access to the customer portal of ${company}`,
        hello: `Hello ${name},`,
        why: `${company} gives you access to its customer portal: your quotations, orders, invoices and addresses in one place. Choose your password within 7 days.`,
        button: 'Open my access',
        signIn: `From then on you sign in as ${login}.`,
        unexpected: 'If you do not need it, do nothing: quotations and invoices reach you by mail as before.',
      }
    : purpose === 'invitation'
      ? {
          subject: `${company} invites you to ERP4`,
          hello: `Hello ${name},`,
          why: `${company} has made an account for you. Choose your password within 7 days.`,
          button: 'Choose my password',
          signIn: `From then on you sign in as ${login}.`,
          unexpected: 'If you did not expect this mail, do nothing: without this link nobody can use the account.',
        }
      : {
          subject: `Choose a new password for ${company}`,
          hello: `Hello ${name},`,
          why: `A new password was asked for your account ${login}. Choose it within 30 minutes.`,
          button: 'Choose a new password',
          signIn: 'Your old password works until then.',
          unexpected: 'If it was not you, do nothing: your password stays as it is.',
        }

const korean = ({ purpose, name, login, company, isPortal }: Facts): Words =>
  purpose === 'invitation' && isPortal
    ? {
        subject: `${company} 고객 포털 이용 안내`,
        hello: `${name} 님, 안녕하세요.`,
        why: `${company} 고객 포털에서 견적, 주문, 청구서와 주소를 한곳에서 확인하실 수 있습니다. 7일 안에 비밀번호를 정해 주세요.`,
        button: '포털 이용 시작하기',
        signIn: `이후에는 ${login}(으)로 로그인합니다.`,
        unexpected: '필요하지 않으시면 그대로 두셔도 됩니다. 견적서와 청구서는 지금처럼 메일로 보내 드립니다.',
      }
    : purpose === 'invitation'
      ? {
          subject: `${company}에서 ERP4로 초대합니다`,
          hello: `${name} 님, 안녕하세요.`,
          why: `${company}에서 회원님의 계정을 만들었습니다. 7일 안에 비밀번호를 정해 주세요.`,
          button: '비밀번호 정하기',
          signIn: `이후에는 ${login}(으)로 로그인합니다.`,
          unexpected: '예상하지 못한 메일이라면 그대로 두셔도 됩니다. 이 링크 없이는 아무도 계정을 사용할 수 없습니다.',
        }
      : {
          subject: `${company} 비밀번호 재설정`,
          hello: `${name} 님, 안녕하세요.`,
          why: `${login} 계정의 비밀번호 재설정이 요청되었습니다. 30분 안에 새 비밀번호를 정해 주세요.`,
          button: '새 비밀번호 정하기',
          signIn: '그때까지는 기존 비밀번호를 계속 사용할 수 있습니다.',
          unexpected: '본인이 요청하지 않았다면 그대로 두세요. 비밀번호는 바뀌지 않습니다.',
        }

/** The letter that brings somebody the link with which he chooses a password, in his language: all of it but whom it is from and to. */
export function passwordLetter(facts: Facts, lang: string | null): Omit<Letter, 'from' | 'to'> {
  const isKorean = lang?.startsWith('ko') === true
  const { subject, hello, why, button, signIn, unexpected } = (isKorean ? korean : english)(facts)
  return {
    language: isKorean ? 'ko_KR' : 'en_US',
    subject: subject.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200),
    body: render(html`<p>${hello}</p><p>${why}</p><p>${signIn}</p>`),
    links: [{ label: button, url: facts.address }],
    footer: unexpected,
  }
}
