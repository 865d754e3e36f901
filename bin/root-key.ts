import { readFileSync } from 'node:fs'
import { parseRoot, type HostKeys } from '@erp4/ops'
import { CommandError } from './exit-codes.ts'

let given: string | undefined

/** Takes `--root-key FILE` out of any command line: whatever makes keys may need it, once it was ejected from the host. */
export function takeRootKey(args: readonly string[]): readonly string[] {
  const at = args.findIndex((one) => one === '--root-key' || one.startsWith('--root-key='))
  if (at === -1) return args
  const [option, inline] = args[at]!.split(/=(.*)/s)
  given = inline ?? args[at + 1]
  if (!given)
    throw new CommandError('usage', `${option} needs a file: the key, or two shares of the recovery kit, a line each; - is standard input.`)
  return args.toSpliced(at, inline === undefined ? 2 : 1)
}

/** Lends the root key that the command line named to this process, if it named one. It is kept nowhere. */
export async function lendRootKey(keys: HostKeys): Promise<void> {
  if (given !== undefined) keys.lendRoot(await parseRoot(readSecret(given)))
}

/** The root key that the command line named, of whichever host; undefined when it named none. */
export const givenRootKey = async (): Promise<Buffer | undefined> => (given === undefined ? undefined : parseRoot(readSecret(given)))

/** A file's text, or what standard input holds. */
export function readSecret(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CommandError('not_found', `${file} cannot be read: ${(error as Error).message}`)
  }
}
