import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openLog, rotateLog } from './logs.ts'

const folder = mkdtempSync(join(tmpdir(), 'erp4-logs-'))
after(() => rmSync(folder, { recursive: true }))

test('a log stays small while its process goes on writing to it, and the newest lines are kept', async () => {
  const path = join(folder, 'serve.log')
  const log = openLog(path)
  const child = spawn(process.execPath, ['-e', `let n = 0; setInterval(() => console.log(String(n++).padEnd(500)), 1)`], {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let rotations = 0
  while (rotations < 3) {
    await pause(20)
    if (rotateLog(path, 20_000)) rotations++
  }
  await pause(50)
  child.kill()
  await once(child, 'exit')
  assert.equal(rotateLog(path, 2 ** 30), false)
  const [before, now] = [`${path}.1`, path].map((file) => readFileSync(file, 'utf8').trim().split(/\s+/).map(Number))
  assert.ok(now!.length > 0 && before!.length > 0)
  assert.ok(before![0]! > 0, 'the oldest lines are gone')
  assert.ok(now![0]! > before!.at(-1)!, 'the file begins where the one before it ended')
  assert.deepEqual(
    now,
    now!.map((_line, i) => now![0]! + i),
    'and has no hole',
  )
})

test('a log that is not there is nothing to begin anew', () => {
  assert.equal(rotateLog(join(folder, 'none.log'), 0), false)
})
