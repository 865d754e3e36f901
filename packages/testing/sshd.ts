import { type ChildProcess, type SpawnOptions, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

type Role = 'read' | 'write' | 'prune'

/** An OpenSSH server of its own on loopback, for SFTP alone. */
export interface SshServer {
  readonly port: number
  /** As `ssh-keygen -lf` prints it. */
  readonly hostKey: string
  /** The OS user that everybody signs in as, and never root. */
  readonly user: string
  /** A folder that this user owns. */
  readonly root: string
  /** Private keys. The server lets each do what docs/operations.md says it should. */
  readonly keys: Readonly<Record<Role, string>>
  /** Ends the server and all its connections, as a power cut does. */
  kill(): Promise<void>
  /** On the same port, with the same keys. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** What the location's `authorized_keys` should say of each role. */
export const sftpRights: Readonly<Record<Role, string>> = {
  read: 'internal-sftp -R',
  write: 'internal-sftp -P remove,rmdir,rename,posix-rename,setstat,fsetstat,lsetstat,symlink,copy-data',
  prune: 'internal-sftp',
}

const folders = ['objects', 'retain', 'incoming', 'trash']

/** `diskMegabytes` puts `root` on a disk of that size, which only the server sees. */
export async function sshServer(options: { diskMegabytes?: number } = {}): Promise<SshServer> {
  const account = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'erp4-sshd-'))
  const root = join(folder, 'root')
  const port = await freePort()
  const hostKey = sshKeyPair()
  const pairs = { read: sshKeyPair(), write: sshKeyPair(), prune: sshKeyPair() }
  const own = (path: string): void => chownSync(path, account.uid, account.gid)
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    own(path)
    return path
  }
  const lines = (Object.keys(pairs) as Role[]).map((role) => `restrict,command="${sftpRights[role]}" ${pairs[role].public}`)
  const settings = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: write('host_key', hostKey.private),
    AuthorizedKeysFile: write('authorized_keys', `${lines.join('\n')}\n`),
    PidFile: 'none',
    UsePAM: 'no',
    StrictModes: 'no',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    Subsystem: 'sftp internal-sftp',
    LogLevel: 'FATAL',
    MaxStartups: 100,
  }
  const config = write(
    'sshd_config',
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(''),
  )
  for (const path of [root, ...folders.map((name) => join(root, name))]) mkdirSync(path, { mode: 0o700 })
  for (const path of [folder, root, ...folders.map((name) => join(root, name))]) own(path)
  const start = async (): Promise<ChildProcess> => {
    const started = run({ root, config, account, diskMegabytes: options.diskMegabytes })
    await untilListening(port, started)
    return started
  }
  let server = await start()
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGKILL')
    await ended
  }
  return {
    port,
    hostKey: `SHA256:${createHash('sha256')
      .update(Buffer.from(hostKey.public.split(' ')[1]!, 'base64'))
      .digest('base64')
      .replace(/=+$/, '')}`,
    user: account.name,
    root,
    keys: { read: pairs.read.private, write: pairs.write.private, prune: pairs.prune.private },
    kill,
    async restart() {
      await kill()
      server = await start()
    },
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A new Ed25519 key in OpenSSH's format. By OpenSSH's own hand: one in 256 of those that `ssh2` makes cannot be read, by itself nor by OpenSSH. */
export function sshKeyPair(): { readonly private: string; readonly public: string } {
  const folder = mkdtempSync(join(tmpdir(), 'erp4-key-'))
  try {
    const path = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path])
    return { private: readFileSync(path, 'utf8'), public: readFileSync(`${path}.pub`, 'utf8').trim() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Account {
  name: string
  uid: number
  gid: number
}

/** Ourselves, or `nobody` when we are root. */
function unprivileged(): Account {
  const uid = process.getuid!()
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const found = accounts.find(([name, , id]) => (uid === 0 ? name === 'nobody' : Number(id) === uid))
  if (!found) throw new Error('There is no OS user to sign in as')
  return { name: found[0]!, uid: Number(found[2]), gid: Number(found[3]) }
}

interface Run {
  root: string
  config: string
  account: Account
  diskMegabytes: number | undefined
}

/**
 * The server in namespaces of its own, where `root` may be a small disk in memory that goes with it. As root it wants /run/sshd
 * besides, which a system has that runs one: it gets its own there.
 */
function run({ root, config, account: { uid, gid }, diskMegabytes }: Run): ChildProcess {
  const isRoot = process.getuid!() === 0
  const steps = [
    ...(isRoot ? ['mount -t tmpfs none /run', 'mkdir -m 755 /run/sshd'] : []),
    ...(diskMegabytes
      ? [`mount -t tmpfs -o size=${diskMegabytes}m,mode=700 none "$1"`, `mkdir ${folders.map((name) => `"$1/${name}"`).join(' ')}`]
      : []),
    ...(diskMegabytes && isRoot ? [`chown -R ${uid}:${gid} "$1"`] : []),
    // The rights that made the namespaces would also open files that are closed to their owner.
    `exec ${isRoot ? '' : 'setpriv --inh-caps=-all --ambient-caps=-all '}/usr/sbin/sshd -D -e -f "$2"`,
  ]
  // Its processes, one or two for each connection, end with the first one.
  const rights = ['-m', '-p', '-f', '--kill-child', ...(isRoot ? [] : ['-U', '--map-current-user', '--keep-caps'])]
  const options: SpawnOptions = { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/' }
  return spawn('unshare', [...rights, 'sh', '-c', steps.join(' && '), 'sh', root, config], options)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilListening(port: number, server: ChildProcess): Promise<void> {
  const until = Date.now() + 30_000
  while (!(await answers(port))) {
    if (server.exitCode !== null || Date.now() > until) throw new Error(`sshd does not listen on ${port}`)
    await pause(20)
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
