export { keyProof, keyUser, makeKey } from './api-key.ts'
export { CooldownError, sourceNetwork } from './cooldown.ts'
export {
  clearedSessionCookie,
  cookieValue,
  deviceCookie,
  deviceCookieName,
  formCookie,
  formCookieName,
  linkCookie,
  linkCookieName,
  sessionCookie,
  sessionCookieName,
} from './cookies.ts'
export { checkFormToken, formToken, type FormScope } from './csrf.ts'
export { impliedGroups } from './groups.ts'
export { demandPassword, hashPassword, verifyPassword } from './password.ts'
export { choosePath, linkHash } from './link.ts'
export { tellOwner } from './notice.ts'
export { askPath, askPasswordLink, leastLength, LinkGone, ownerOfLink, sendPasswordLinks, TooManyAsks, useLink } from './password-link.ts'
export { preparers } from './preparers.ts'
export { Outdated, type Proof, presume, prove } from './proof.ts'
export { Rate } from './rate.ts'
export { keepSession, noteUse, sessionProof, sessionUser, signOut, sweepSignIns } from './session.ts'
export { confirmIdentity, passwordUser, signIn } from './sign-in.ts'
export type { SignInResult } from './sign-in.ts'
export type { AuthInstance, Credentials, SessionTrace, Signed, Visitor } from './types.ts'
export { type Acting, userById, userByLogin } from './user.ts'
export type { LinkOwner } from '../sql/auth-link.ts'
export { loginDevice, loginTry } from '../sql/auth-cooldown.ts'
export { session } from '../sql/auth-session.ts'
