export { answerErrorPage, type PageDeps, registerPages, wantsPage } from './routes.ts'
export { safeRedirect } from './redirect.ts'
