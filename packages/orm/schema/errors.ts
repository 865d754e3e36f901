import type { Step } from './plan.ts'

/** An operator must allow what would lose data, or bring it to safety first. Nothing has changed. */
export class MigrationRefused extends Error {
  override name = 'MigrationRefused'
  readonly steps: readonly Step[]

  constructor(steps: readonly Step[]) {
    super(
      `${steps.length} step(s) would lose data, so nothing was changed. Allow them by name if that is meant:\n` +
        steps.map((step) => `  - ${step.name}: ${step.says}`).join('\n'),
    )
    this.steps = steps
  }
}

/** The data in the database breaks what is declared now, or a table is in use. Nothing has changed. */
export class MigrationFailed extends Error {
  override name = 'MigrationFailed'
  readonly step: Step | null

  constructor(message: string, step: Step | null, cause: unknown) {
    super(message, { cause })
    this.step = step
  }
}
