// SPDX-License-Identifier: Apache-2.0
const LICENCE = 'SPDX-License-Identifier: Apache-2.0'

/** Rule for code in any language: the licence in the first line, or below the `#!`. */
export function headerProblems(_path: string, source: string): string[] {
  const [first = '', second = ''] = source.split('\n')
  return (first.startsWith('#!') ? second : first).includes(LICENCE) ? [] : [`does not begin with ${LICENCE}`]
}

/** Places that exist on one machine, or in one company, only. */
const ELSEWHERE: readonly RegExp[] = [
  /(?<![\w.~-])\/(?:home|root|work|workspace|Users|mnt)\/[\w.-]+/,
  /https?:\/\/[^\s"')]*\b(?:registry|artifactory|verdaccio|nexus|npmjs|yarnpkg)\b/i,
]

/** Rule for every tracked text: a checkout stands alone wherever it lies. */
export function placeProblems(_path: string, source: string): string[] {
  return ELSEWHERE.flatMap((pattern) => {
    const found = pattern.exec(source)
    return found ? [`names ${found[0]}, which is not there on another machine`] : []
  })
}
