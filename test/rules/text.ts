// SPDX-License-Identifier: Apache-2.0
/**
 * The source without its comments, line for line. Good enough for rules, not a parser: `//` inside a string ends the
 * line too, where a rule then sees less.
 */
export function withoutComments(source: string): string {
  return source
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/(?<!:)\/\/.*$/gm, '')
}
