#!/usr/bin/env node
import { keepCompiled } from './compiled.ts'

keepCompiled(process.argv.slice(2))
// Loaded only now: what is loaded before is not kept.
const [{ erp }, { main }] = await Promise.all([import('./erp.ts'), import('./main.ts')])
await main(process.argv.slice(2), erp)
