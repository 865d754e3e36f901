/** Holds the documents to the program: what exists is mentioned, what is mentioned exists. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Source, filesOf, lineAt, readSource, workspacesOf } from './source.ts'

interface Page {
  readonly path: string
  readonly text: string
}

/** Every disagreement under `root`, one sentence each. */
export function docs(root: string): string[] {
  const pages = filesOf(root, '.md').map((path): Page => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  const guides = pages.filter(
    ({ path }) => /^(docs\/|[A-Z]+\.md$|(?:packages|apps)\/[^/]+\/README\.md$)/.test(path) && !path.startsWith('docs/decisions/'),
  )
  const sources = filesOf(root, '.ts', '.tsx').map((path) => readSource(root, path))
  const mentioned = (name: string): boolean =>
    guides.some(({ text }) => new RegExp(String.raw`(?<![\w-])${name.replaceAll('.', String.raw`\.`)}(?![\w-])`).test(text))
  const commands = commandsOf(sources)
  return [
    ...missing(
      'the command',
      commands.map((name) => `erp4 ${name}`),
      mentioned,
    ),
    ...missing('the setting', settingsOf(root, sources), mentioned),
    ...missing('the error', errorsOf(sources), mentioned),
    ...missing(
      'the folder',
      workspacesOf(root).map(({ home }) => home),
      mentioned,
    ),
    ...pages.flatMap((page) => [...unknownCommands(page, commands), ...deadPaths(root, page), ...deadLinks(root, page)]),
    ...decisionProblems(pages),
  ]
}

const missing = (what: string, names: readonly string[], mentioned: (name: string) => boolean): string[] =>
  [...new Set(names)]
    .filter((name) => !mentioned(name))
    .map((name) => `${what} ${name} is mentioned in no document: add it to README.md or docs/`)

const isProduct = ({ path }: Source): boolean => !/\.test\.tsx?$|^(tests|scripts|packages\/testing)\//.test(path)

/** The names in the table of commands of the command line, and those of the developers' tools. */
function commandsOf(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.startsWith('bin/') && !path.endsWith('.test.ts'))
    .flatMap(({ code }) => [...code.matchAll(/\bname: '([a-z][a-z -]*)',\s*(?:usage|help|summary|run)\b/g)].map(([, name]) => name!))
}

/** Environment variables of ours that the program or its scripts read. */
function settingsOf(root: string, sources: readonly Source[]): string[] {
  const scripts = ['erp4', 'scripts/system-packages']
    .filter((path) => existsSync(join(root, path)))
    .map((path) => readFileSync(join(root, path), 'utf8'))
  const texts = [...sources.filter(isSettled).map(({ code }) => code), ...scripts]
  return texts.flatMap((text) => [...text.matchAll(/\bERP4_[A-Z][A-Z0-9_]*\b/g)].map(([name]) => name))
}

const isSettled = ({ path }: Source): boolean => !path.endsWith('.test.ts')

/** Exported classes of errors, and the codes of those that carry one. */
function errorsOf(sources: readonly Source[]): string[] {
  return sources.filter(isProduct).flatMap(({ code }) => {
    const classes = [...code.matchAll(/\bexport class (\w+) extends \w*Error\b/g)].map(([, name]) => name!)
    const codes = [...code.matchAll(/\bexport type \w+Code =([^;=]*?)(?=\n\n|\n(?:export|\/\*\*|const|function)|$)/g)]
    return [...classes, ...codes.flatMap(([, union]) => [...union!.matchAll(/'(\w+)'/g)].map(([, name]) => name!))]
  })
}

/** `./erp4 NAME …` in a page, where no command has that name. */
function unknownCommands({ path, text }: Page, commands: readonly string[]): string[] {
  if (commands.length === 0) return []
  const first = new Set(commands.map((name) => name.split(' ')[0]))
  return [...text.matchAll(/\.\/erp4 ([a-z][a-z-]*)/g)]
    .filter(([, name]) => !first.has(name))
    .map((match) => `${path}:${lineAt(text, match.index)} shows the command ${match[0]}, which does not exist`)
}

/** A path of this repository in backticks that is not there. Names with capitals or dots in them stand for any name. */
function deadPaths(root: string, { path, text }: Page): string[] {
  return [...text.matchAll(/`((?:packages|apps|docs|scripts|tests|bin|tools|agent)\/[\w./-]*)`/g)]
    .filter(([, target]) => !/[A-Z]{3}|\.\.\.|…/.test(target!) && !existsSync(join(root, target!)))
    .map((match) => `${path}:${lineAt(text, match.index)} names ${match[1]}, which does not exist`)
}

function deadLinks(root: string, { path, text }: Page): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .filter(([, target]) => !/^[a-z]+:/.test(target!) && !existsSync(join(root, dirname(path), target!)))
    .map((match) => `${path}:${lineAt(text, match.index)} links to ${match[1]}, which does not exist`)
}

/** Decision records are numbered, each once, and say their number again in the title. */
function decisionProblems(pages: readonly Page[]): string[] {
  const records = pages.filter(({ path }) => path.startsWith('docs/decisions/'))
  const numbers = records.map(({ path }) => /(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1])
  return records.flatMap(({ path, text }, i) => {
    const number = numbers[i]
    if (number === undefined) return path.endsWith('README.md') ? [] : [`${path}: a decision's file is named 0001-what-was-decided.md`]
    return [
      ...(numbers.indexOf(number) === i ? [] : [`${path}: the number ${number} is taken by ${records[numbers.indexOf(number)]!.path}`]),
      ...(text.startsWith(`# ${Number(number)}. `) ? [] : [`${path}: its title should begin '# ${Number(number)}. '`]),
    ]
  })
}
