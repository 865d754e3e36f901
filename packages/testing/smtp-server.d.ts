/** What we use of smtp-server, which ships no types. */
declare module 'smtp-server' {
  import type { Server } from 'node:net'
  import type { Readable } from 'node:stream'

  interface Address {
    readonly address: string
  }

  interface Session {
    readonly envelope: { readonly mailFrom: Address | false; readonly rcptTo: readonly Address[] }
  }

  interface Options {
    authOptional: boolean
    disabledCommands: readonly string[]
    logger: boolean
    onData: (stream: Readable, session: Session, done: (error: Error | null) => void) => void
  }

  export class SMTPServer {
    constructor(options: Options)
    readonly server: Server
    listen(port: number, host: string): void
    close(done: () => void): void
  }
}
