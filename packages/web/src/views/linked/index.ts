export { makeInForm } from './MakeDialogue.tsx'
export { pickInList } from './PickDialogue.tsx'
