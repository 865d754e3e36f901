import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AuthInstance } from './types.ts'

/** A form stays good for this long; a page left open longer asks to try again. */
const lifeMs = 12 * 3600_000
const shape = /^([A-Za-z0-9_-]{43})\.([0-9a-z]{1,10})$/

/** What a form token is bound to: the session (its hash) or, before there is one, the value of the form's own cookie; and the kind of route. */
export interface FormScope {
  readonly holder: string
  readonly route: 'sign-in' | 'sign-out' | 'form'
}

/** The hidden `csrf_token` of a form: only a page made for this holder, for this kind of route, at this instance, has it. */
export function formToken(instance: AuthInstance, scope: FormScope, now = Date.now()): string {
  const expires = Math.floor((now + lifeMs) / 1000).toString(36)
  return `${sign(instance, scope, expires).toString('base64url')}.${expires}`
}

/** Whether `token` came from `formToken` with the same instance and scope, and still holds. */
export function checkFormToken(instance: AuthInstance, scope: FormScope, token: unknown, now = Date.now()): boolean {
  const [, mac, expires] = (typeof token === 'string' ? shape.exec(token) : null) ?? []
  if (mac === undefined || expires === undefined) return false
  return timingSafeEqual(Buffer.from(mac, 'base64url'), sign(instance, scope, expires)) && parseInt(expires, 36) * 1000 > now
}

const sign = (instance: AuthInstance, { holder, route }: FormScope, expires: string): Buffer =>
  createHmac('sha256', instance.keys.derive('csrf'))
    .update(JSON.stringify([route, holder, expires]))
    .digest()
