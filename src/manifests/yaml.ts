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

/** Every value of the text, and everything wrong with it. A document with an error has no value. */
export function readYaml(text: string): YamlReading {
  const values: YamlValue[] = []
  const flaws: Flaw[] = []
  for (const [index, document] of compose(text, flaws).entries()) {
    const found: Flaw[] = []
    const first = document.errors[0]
    const value = first ? null : toValue(document.contents, found)
    if (first) found.push(syntaxFlaw(first))
    flaws.push(...found)
    const usable = !found.some(({ severity }) => severity === 'error')
    if (usable && value !== null) values.push({ value, document: index })
  }
  return { values, flaws }
}

/** The library's documents of a text, with positions. Empty when the text nests too deeply, which is then a flaw. */
export function compose(text: string, flaws: Flaw[]): Document.Parsed[] {
  const parser = new Parser()
  const composer = new Composer(OPTIONS)
  const documents: Document.Parsed[] = []
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token))
    // The stack holds the document, its open collections and the scalar at hand.
    if (parser.stack.length > MAX_DEPTH + 2) {
      flaws.push({ severity: 'error', code: 'tooDeep', message: TOO_DEEP, offset: parser.offset })
      return []
    }
  }
  for (const token of parser.end()) documents.push(...composer.next(token))
  documents.push(...composer.end())
  return documents
}

function syntaxFlaw(error: YAMLParseError): Flaw {
  const message =
    error.code === 'TAB_AS_INDENT'
      ? 'a tab indents this line; YAML is indented with spaces'
      : `not valid YAML: ${lowerFirst(error.message)}`
  return { severity: 'error', code: 'notYaml', message, offset: error.pos[0] }
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
