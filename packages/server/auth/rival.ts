import { Databases } from '@erp4/orm'
import { signIn } from './sign-in.ts'
import { instanceFor } from '../tests/auth-world.ts'

// A process of its own for cooldown.test.ts: tries to sign in many times at once, and prints how the attempts ended.
const { config, database, attempts, source } = JSON.parse(process.argv[2]!) as {
  config: object
  database: string
  attempts: number
  source: string
}
const databases = new Databases(async () => config, { total: 10 })
const ends = await Promise.allSettled(
  Array.from({ length: attempts }, (_, i) =>
    signIn(instanceFor(database), databases, { login: 'ann@azure.example', password: `guess ${process.pid} ${i}` }, { source }),
  ),
)
await databases.close()
process.stdout.write(JSON.stringify(ends.map((end) => (end.status === 'rejected' ? end.reason.name : 'signed in'))))
