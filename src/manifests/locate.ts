// SPDX-License-Identifier: Apache-2.0
/**
 * Where a field stands in the text of a document. Positions are not kept while reading: they are found by reading the
 * document again when a problem is to be shown. JSON is read as YAML here, of which it is a subset.
 */
import { type Document, isMap, isScalar, isSeq, type ParsedNode } from 'yaml'
import { Allowance, isWorthLocating } from './allowance.ts'
import type { Path } from './structural.ts'
import { compose } from './yaml.ts'

/** Longer documents (of one object!) are located by their first line only, as reading them again takes a second. */
const MAX_LOCATED_CHARS = 4 * 1024 * 1024

export class Locator {
  readonly #text: string
  #documents: readonly Document.Parsed[] | null = null

  /** `documents` are those of the text where it was read just now. */
  constructor(text: string, documents: readonly Document.Parsed[] | null = null) {
    this.#text = text
    this.#documents = documents
  }

  /**
   * The offset of a field within this text, or of its nearest parent that is written there.
   * `document` counts the YAML documents of the text from 0.
   */
  find(document: number, path: Path): number {
    if (this.#text.length > MAX_LOCATED_CHARS) return firstChar(this.#text)
    this.#documents ??= isWorthLocating(this.#text) ? compose(this.#text, [], new Allowance(this.#text.length)) : []
    const contents = this.#documents[document]?.contents
    return contents ? descend(contents, path) : firstChar(this.#text)
  }
}

function firstChar(text: string): number {
  return Math.max(0, text.search(/\S/))
}

function descend(root: ParsedNode, path: Path): number {
  let node: unknown = root
  let offset = root.range[0]
  for (let at = 0; at < path.length; ) {
    const step = childOf(node, path.slice(at))
    if (!step) return offset
    at += step.taken
    node = step.node
    offset = step.offset
  }
  return offset
}

type Step = Readonly<{ node: unknown; offset: number; taken: number }>

/** A key with points in it may have been written as several parts of the path, so those are tried together too. */
function childOf(node: unknown, path: Path): Step | undefined {
  if (isSeq(node)) {
    const child = node.items[Number(path[0])]
    return child === undefined ? undefined : { node: child, offset: startOf(child), taken: 1 }
  }
  if (!isMap(node)) return undefined
  for (let taken = 1; taken <= path.length; taken++) {
    const name = path.slice(0, taken).join('.')
    const pair = node.items.findLast(({ key }) => isScalar(key) && key.value === name)
    if (pair) return { node: pair.value, offset: startOf(pair.key), taken }
  }
  return undefined
}

function startOf(node: unknown): number {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : 0
}

/** `spec.addresses[1]`, `metadata.labels["a.b/c"]` → steps. */
export function parseField(field: string): Path {
  const steps: (string | number)[] = []
  for (const [, plain, index, quoted, bare] of field.matchAll(
    /([^.[\]]+)|\[(?:(\d+)|"((?:[^"\\]|\\.)*)"|([^\]]*))\]/g,
  )) {
    if (index !== undefined) steps.push(Number(index))
    else steps.push(plain ?? (quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/g, '$1')))
  }
  return steps
}
