// SPDX-License-Identifier: Apache-2.0
/**
 * Text of one YAML document (or of several divided by `...`) → values.
 *
 * The library's lexer, parser and composer are driven one by one, for the parser's stack shows the nesting before
 * anything recursive runs over it. Scalars are read by yaml-scalar.ts; the library only sees strings.
 */
import { Composer, type Document, Lexer, Parser, type YAMLParseError } from 'yaml'
import type { Flaw } from './codes.ts'
import { MAX_DEPTH, TOO_DEEP } from './depth.ts'
import { toValue } from './yaml-value.ts'

/** `document` counts the documents of the text from 0, the unusable ones too. */
export type YamlValue = Readonly<{ value: unknown; document: number }>

export type YamlReading = Readonly<{ values: readonly YamlValue[]; flaws: readonly Flaw[] }>

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

/**
 * Time and memory go with the number of tokens, so they are bounded for each document: a List of 10,000 Services takes
 * 1.9 million, half a gigabyte and two seconds.
 */
const MAX_TOKENS = 2_000_000

const TOO_MANY_TOKENS =
  'this document is too large to be read as YAML; divide it by lines of `---`, or write it as JSON, which takes more'

/** Every value of the text, and everything wrong with it. A document with an error has no value. */
export function readYaml(text: string): YamlReading {
  const values: YamlValue[] = []
  let flaws: Flaw[] = []
  for (const [index, document] of compose(text, flaws).entries()) {
    const found: Flaw[] = []
    const first = document.errors[0]
    const value = first ? null : toValue(document.contents, found)
    if (first) found.push(syntaxFlaw(first))
    flaws = flaws.concat(found.slice(0, LISTED))
    const usable = !found.some(({ severity }) => severity === 'error')
    if (usable && value !== null) values.push({ value, document: index })
  }
  return { values, flaws }
}

/** The library's documents of a text, with positions; none of a text that is too deep or too large, which is a flaw. */
export function compose(text: string, flaws: Flaw[]): Document.Parsed[] {
  const parser = new Parser()
  const composer = new Composer(OPTIONS)
  const documents: Document.Parsed[] = []
  const refuse = (code: 'tooDeep' | 'tooLarge', message: string): Document.Parsed[] => {
    flaws.push({ severity: 'error', code, message, offset: parser.offset })
    return []
  }
  let tokens = 0
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token))
    // The stack holds the document, its open collections and the scalar at hand.
    if (parser.stack.length > MAX_DEPTH + 2) return refuse('tooDeep', TOO_DEEP)
    if (++tokens > MAX_TOKENS) return refuse('tooLarge', TOO_MANY_TOKENS)
  }
  for (const token of parser.end()) documents.push(...composer.next(token))
  documents.push(...composer.end())
  return documents
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
