#!/usr/bin/env node
import { erp } from './erp.ts'
import { main } from './main.ts'

await main(process.argv.slice(2), erp)
