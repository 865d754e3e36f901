const lines = (n: number, what: string): string => (n === 0 ? '' : `${n} ${what}`)

/** Words of what stands around lists and forms: drafts, signing in again, the palette, notices, first steps. */
export const shellEn = {
  signInHere: 'Your session has ended. Sign in, and what you were doing goes on.',
  signInAs: 'Signed in as',
  password: 'Password',
  toSignInPage: 'To the sign-in page',
  confirmIdentity: 'Is it you?',
  confirmIdentityHint: 'This changes who may do what. Give your password, and it goes on; you are not asked again for ten minutes.',
  passwordIsWrong: 'That is not your password.',

  looking: 'Looking…',
  onThisScreen: 'On this screen',

  doneOf: (done: string, total: string) => `${done} of ${total}`,
  stopHere: 'Stop here',
  stopping: 'Stopping…',
  wasStopped: 'Stopped by you: the others are as they were.',
  leftAsTheyAre: (n: number) => (n === 1 ? '1 record was left as it is:' : `${n} records were left as they are:`),
  massCut: 'There are more than these; narrow the search to reach the others.',
  undo: 'Undo',
  undoneCount: (n: number) => (n === 1 ? '1 record is as it was before.' : `${n} records are as they were before.`),
  notices: 'Notices',
  noNotices: 'Nothing to tell yet. What long work came to, and what failed, is kept here.',
  clearNotices: 'Clear all',
  unreadNotices: (n: number) => (n === 0 ? 'Notices' : `Notices, ${n} new`),

  firstSteps: 'First steps',
  stepsDone: (done: number, total: number) => `${done} of ${total} done`,
  stepDone: 'Done',
  hideSteps: 'Hide',
  examplesHere: 'There are examples in here',
  examplesHint: 'Try things out on them; take them away when you begin in earnest.',
  removeExamples: 'Remove the examples…',
  removeExamplesTitle: 'Remove the examples',
  examplesAre: 'Records that came with the apps, to be tried out:',
  examplesStay: (n: string) => `In use by your own records, and therefore kept (${n}):`,
  usedBy: (by: string) => `used by: ${by}`,
  removeN: (n: string) => `Remove ${n}`,
  examplesRemoved: (n: string) => `${n} examples are gone.`,

  draftFound: (when: string) => `You typed something here that was not saved (${when}).`,
  draftIsOlder: 'The record was changed since.',
  draftTitle: 'What you typed and did not save',
  draftNow: 'Now',
  draftThen: 'You typed',
  draftLines: (added: number, changed: number, removed: number) =>
    [lines(added, 'added'), lines(changed, 'changed'), lines(removed, 'removed')].filter(Boolean).join(', '),
  compare: 'Compare',
  takeUp: 'Take it up again',
  throwAway: 'Throw away',

  held: 'The server has more to do than it can at once. What you did is sent again in a moment.',
}
