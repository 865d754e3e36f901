import type { OpsCode } from '../errors.ts'
import type { PartContext } from './message.ts'

/** A program whose output is sealed, or that reads what is opened. */
export interface Command {
  command: string
  args: readonly string[]
  /** What it gets besides PATH; passwords belong here, never into `args`. */
  env?: Readonly<Record<string, string>>
  /** Of one that writes through the C library: how many bytes at once, where `stdbuf` is there to have it so, instead of 4 KiB. */
  writes?: number
}

/** What the child is asked, over its channel: a key in argv or in the environment could be read by others. */
export type Job = SealJob | OpenJob

export interface SealJob {
  task: 'seal'
  source: Command | { file: string }
  key: Uint8Array
  context: PartContext
  to: string
  compress: boolean
  bytesPerSecond?: number | undefined
}

export interface OpenJob {
  task: 'open'
  source: { file: string }
  key: Uint8Array
  context: PartContext
  sink: Command | { file: string }
  compressed: boolean
}

export interface SealedPart {
  /** Of the encrypted file. */
  bytes: number
  /** Hex, of the encrypted file. */
  sha256: string
  plainBytes: number
  /** Hex, before compression. */
  plainSha256: string
}

export type OpenedPart = Pick<SealedPart, 'plainBytes' | 'plainSha256'>

/** A job as it is asked for, by a number of the asker's. */
export interface Asked {
  id: number
  job: Job
}

/** What the child tells. `done` comes after the file lies durably where it belongs; `failed` is its last word, whatever else it was doing. */
export type Report =
  | { id: number; done: SealedPart | OpenedPart }
  | { id: number; progress: number }
  | { failed: { code: OpsCode; message: string } }
