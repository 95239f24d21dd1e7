// SPDX-License-Identifier: Apache-2.0
/** What `make setup` relies on: the lockfile pins every package by hash, from whatever registry it comes. */
import { isDeepStrictEqual } from 'node:util'

type Versions = Readonly<Record<string, string>>
export type Manifest = Readonly<{
  dependencies?: Versions
  devDependencies?: Versions
  optionalDependencies?: Versions
}>
export type LockedPackage = Manifest & Readonly<{ version?: string; integrity?: string; resolved?: string }>
export type Lockfile = Readonly<{ packages: Readonly<Record<string, LockedPackage>> }>

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

/** What is wrong with the lockfile, seen beside package.json. */
export function lockfileProblems(manifest: Manifest, { packages }: Lockfile): string[] {
  const locked = Object.entries(packages).filter(([path]) => path !== '')
  return [
    ...locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => `${path}: no integrity`),
    ...locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => `${path}: names where it came from`),
    ...KINDS.flatMap((kind) => pinProblems(manifest[kind] ?? {}, packages)),
    ...KINDS.filter((kind) => !isDeepStrictEqual(manifest[kind] ?? {}, packages['']?.[kind] ?? {})).map(
      (kind) => `${kind} differ from package.json: npm install --package-lock-only`,
    ),
  ]
}

/** A range would let two machines differ, which an install without `npm ci` does not notice. */
function pinProblems(versions: Versions, packages: Lockfile['packages']): string[] {
  return Object.entries(versions).flatMap(([name, version]) => {
    if (!EXACT.test(version)) return [`${name}: ${version} is no exact version`]
    const locked = packages[`node_modules/${name}`]?.version
    return locked === version ? [] : [`${name}: ${version} in package.json, ${locked ?? 'nothing'} in the lockfile`]
  })
}
