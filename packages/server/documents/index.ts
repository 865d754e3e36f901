export { readFonts } from './fonts.ts'
export { printPaper } from './print.ts'
export { isSoundPng } from './png.ts'
