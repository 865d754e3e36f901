import { useEffect } from 'react'
import { useTexts } from '../i18n/index.ts'
import { onSignedOut, signIn } from '../rpc.ts'
import { explain } from '../ui/states.tsx'
import { PasswordQuestion, Question } from './PasswordQuestion.tsx'

const question = new Question()

/** When a session ends, its person signs in again in front of what he was doing, and what he did last goes on. */
export function SignInAgain() {
  const t = useTexts()
  useEffect(() => onSignedOut(question.ask), [])
  return (
    <PasswordQuestion
      question={question}
      title={t.signedOut}
      hint={t.signInHere}
      label={t.signInAgain}
      aside={<a href={`/web/login?redirect=${encodeURIComponent(location.pathname + location.search)}`}>{t.toSignInPage}</a>}
      send={signIn}
      explain={(error) => explain(error, t).hint}
    />
  )
}
