import type { Env } from '@erp4/orm'

/**
 * Whether the caller proved within the last ten minutes that he is who he is: his password came with this call, or he answered
 * the password check of his session. The server knows and says so on the call; nothing a client sends can.
 */
export const isIdentityConfirmed = (env: Env): boolean => env.call.identityConfirmed
