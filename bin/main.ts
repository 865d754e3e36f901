import { tellFailure } from './child.ts'
import { type Command, commands } from './command-list.ts'
import type { Erp } from './erp.ts'
import { CommandError, exitCodes, failureOf, Verdict } from './exit-codes.ts'
import { takeRootKey } from './root-key.ts'
import { print, say } from './terminal.ts'

/** Runs a command line. Results go to standard output, everything else to standard error; the exit code is in `exit-codes.ts`. */
export async function main(args: readonly string[], erp: Erp): Promise<void> {
  try {
    await run(args, erp)
  } catch (error) {
    if (process.send) return tellFailure(error)
    const { code, message, stack } = failureOf(error)
    say(`erp4: ${message}`)
    if (stack) say(stack)
    // Machines read one line, whatever came of it: the result, or why there is none.
    if (args.includes('--json') && !(error instanceof Verdict)) print(JSON.stringify({ ok: false, code, message }))
    process.exitCode = exitCodes[code]
  }
}

async function run(given: readonly string[], erp: Erp): Promise<void> {
  const args = takeRootKey(given)
  const [first = '', second = ''] = args
  if (first === 'task' && process.send) return (await import('./tasks.ts')).runTask(erp)
  if (first === 'job' && process.send) return (await import('./jobs.ts')).runJob()
  if (first === 'tasks' && process.send) return (await import('./tasks.ts')).runTasks(erp)
  if (first === '' || asksForHelp(first)) return print(help(second))
  const command = commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
  if (!command && asksForHelp(second)) return print(help(first))
  if (!command) throw new CommandError('usage', `There is no command ${JSON.stringify(args.join(' '))}.\n\n${help(first)}`)
  const rest = args.slice(command.name.split(' ').length)
  if (rest.includes('--help')) return print(`erp4 ${command.name} ${command.usage}\n\n${command.summary}`)
  await command.run(rest, erp)
}

const asksForHelp = (word: string): boolean => ['help', '--help', '-h'].includes(word)

/** Those commands that begin with this word, or, where none does, all. */
const help = (word: string): string => {
  const some = commands.filter(({ name }) => name === word || name.startsWith(`${word} `))
  return some.length > 0 ? some.map(lineOf).join('\n') : helpOfAll()
}

const lineOf = ({ name, usage, summary }: Command): string => `  ${`${name} ${usage}`.padEnd(70)} ${summary}`

const helpOfAll = (): string =>
  [
    'erp4 COMMAND …   (all that touch a host take --home DIR; the default is ERP4_HOME, then var/ in the checkout;',
    ' all that end by themselves answer with --json in one line; those that make keys take --root-key FILE where the root key was ejected)',
    '',
    ...commands.map(lineOf),
    '',
    `Exit codes: 0 done, ${Object.entries(exitCodes)
      .map(([name, code]) => `${code} ${name}`)
      .join(', ')}`,
  ].join('\n')
