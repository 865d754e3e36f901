import type { Desk, Registry } from '@erp4/orm'

/** The app of these that lets people from outside in, or undefined: then there are no pages for them. */
export const deskOf = (registry: Registry): Desk | undefined => registry.apps.find(({ desk }) => desk !== null)?.desk ?? undefined
