// SPDX-License-Identifier: Apache-2.0
/** Bytewise order of paths, as `LC_ALL=C sort` and `find | sort` show it; JavaScript's own order is by UTF-16 units. */
export function comparePaths(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Whether a file of this name is read: YAML or JSON, and not hidden (editors keep their copies in hidden files). */
export function isManifestName(name: string): boolean {
  return !name.startsWith('.') && /\.(?:ya?ml|json)$/.test(name)
}
