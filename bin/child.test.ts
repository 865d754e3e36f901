import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ChildMessage } from './child.ts'

test('an answer arrives whole, however large it is and however busy whoever asked', async () => {
  const child = fork(join(import.meta.dirname, 'fixtures/answering.ts'), { stdio: 'ignore' })
  const heard: ChildMessage[] = []
  child.on('message', (message: ChildMessage) => heard.push(message))
  child.send({ access: 3_000_000 })
  await once(child, 'spawn')
  // Nobody reads while the child writes, closes its channel and ends.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
  if (child.connected) await once(child, 'disconnect')
  assert.deepEqual(
    heard.map((message) => 'answer' in message && (message.answer as string).length),
    [3_000_000],
  )
})
