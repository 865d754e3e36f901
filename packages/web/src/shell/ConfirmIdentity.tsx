import { useEffect } from 'react'
import { useTexts } from '../i18n/index.ts'
import { Refusal, call, onIdentityAsked } from '../rpc.ts'
import { explain } from '../ui/states.tsx'
import { PasswordQuestion, Question } from './PasswordQuestion.tsx'

const question = new Question()

/** Before rights and passwords are changed from a session that is a while old, its person says who he is; then the change is made. */
export function ConfirmIdentity() {
  const t = useTexts()
  useEffect(() => onIdentityAsked(question.ask), [])
  const explained = (error: unknown): string => {
    // A wrong password has no sentence of its own; that one has to wait has.
    const isWrong = error instanceof Refusal && error.kind.endsWith('.AccessDenied') && !/\d/.test(error.message)
    return isWrong ? t.passwordIsWrong : explain(error, t).hint
  }
  return (
    <PasswordQuestion
      question={question}
      title={t.confirmIdentity}
      hint={t.confirmIdentityHint}
      label={t.goOn}
      send={(password) => call('res.users', 'confirm_identity', [password])}
      explain={explained}
    />
  )
}
