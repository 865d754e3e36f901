import { test } from 'node:test'

/** A test that takes minutes: it exists with `./erp4 test --long` only. */
export function long(name: string, work: () => Promise<void>): void {
  if (process.env['ERP4_LONG'] === '1') void test(name, work)
}
