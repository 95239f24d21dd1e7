// SPDX-License-Identifier: Apache-2.0
/**
 * Text of one YAML document (or of several divided by `...`) → values.
 *
 * The library's lexer, parser and composer are driven one by one, for the parser's stack shows the nesting before
 * anything recursive runs over it. Scalars are read by yaml-scalar.ts; the library only sees strings.
 */
import { Composer, type CST, type Document, Lexer, Parser, type YAMLParseError } from 'yaml'
import { Allowance, MAX_TOKENS, TOKENS_PER_START, TOO_DENSE, TOO_MANY_TOKENS } from './allowance.ts'
import type { Flaw } from './codes.ts'
import { MAX_DEPTH, TOO_DEEP } from './depth.ts'
import { toValue } from './yaml-value.ts'

/** `document` counts the documents of the text from 0, the unusable ones too. */
export type YamlValue = Readonly<{ value: unknown; document: number }>

/** `documents` are the library's, to find places in; `tokens` is what reading them took. */
export type YamlReading = Readonly<{
  values: readonly YamlValue[]
  flaws: readonly Flaw[]
  documents: readonly Document.Parsed[]
  tokens: number
}>

// strict is off where kubectl's reader is lenient too; duplicate keys are found in toValue, in linear time.
const OPTIONS = {
  schema: 'failsafe',
  uniqueKeys: false,
  strict: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

/** More flaws than this in one document have one cause; the first lines show it. */
const LISTED = 100

/** Every value of the text, and everything wrong with it. A document with an error has no value. */
export function readYaml(text: string, allowance: Allowance = new Allowance(text.length)): YamlReading {
  const values: YamlValue[] = []
  const flaws: Flaw[] = []
  const before = allowance.spent
  const documents = compose(text, flaws, allowance)
  for (const [index, document] of documents.entries()) {
    const found: Flaw[] = []
    const first = document.errors[0]
    const value = first ? null : toValue(document.contents, found)
    if (first) found.push(syntaxFlaw(first))
    flaws.push(...found.slice(0, LISTED))
    const usable = !found.some(({ severity }) => severity === 'error')
    if (usable && value !== null) values.push({ value, document: index })
  }
  return { values, flaws, documents, tokens: allowance.spent - before }
}

/** The library's documents of a text, with positions; none of a text that is too deep or too large, which is a flaw. */
export function compose(text: string, flaws: Flaw[], allowance: Allowance): Document.Parsed[] {
  const parser = new Parser()
  const composer = new Composer(OPTIONS)
  const documents: Document.Parsed[] = []
  const refuse = (code: 'tooDeep' | 'tooLarge', message: string): Document.Parsed[] => {
    flaws.push({ severity: 'error', code, message, offset: parser.offset })
    return []
  }
  return withoutStacks(() => {
    let tokens = 0
    const take = (token: CST.Token): void => {
      for (const document of composer.next(token)) {
        allowance.spend(TOKENS_PER_START)
        documents.push(document)
      }
    }
    allowance.spend(TOKENS_PER_START)
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) take(token)
      // The stack holds the document, its open collections and the scalar at hand.
      if (parser.stack.length > MAX_DEPTH + 2) return refuse('tooDeep', TOO_DEEP)
      if (++tokens > MAX_TOKENS) return refuse('tooLarge', TOO_MANY_TOKENS)
      if (!allowance.spend()) return refuse('tooLarge', TOO_DENSE)
    }
    for (const token of parser.end()) take(token)
    documents.push(...composer.end())
    return documents
  })
}

/** The composer makes an Error of each fault in the text, up to one a character; their stacks would take seconds. */
function withoutStacks<T>(work: () => T): T {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = before
  }
}

function syntaxFlaw(error: YAMLParseError): Flaw {
  const message =
    error.code === 'TAB_AS_INDENT'
      ? 'a tab indents this line; YAML is indented with spaces'
      : `not valid YAML: ${phrase(error.message)}`
  return { severity: 'error', code: 'notYaml', message, offset: error.pos[0] }
}

/** The library's sentence, which may quote a good part of the file, as a short part of ours. */
function phrase(sentence: string): string {
  const line = sentence.replaceAll(/\s+/g, ' ').trim()
  return `${line.charAt(0).toLowerCase()}${line.slice(1, 160)}`
}
