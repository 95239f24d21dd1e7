// SPDX-License-Identifier: Apache-2.0
/**
 * `make build`: dist/ with the launcher, the bundle and the native part, all that an image needs besides Node.
 * One CommonJS file, because an ES module that imports node:http pulls undici in, at 13 MB a process.
 */
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { reasonOf } from '../src/lib/fault.ts'

const ROOT = join(import.meta.dirname, '..')

/** Writes dist/ anew. Needs build/native/metallb.node (tools/build-native); throws what esbuild or the disk says. */
export async function bundle(directory: string = join(ROOT, 'dist')): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await build({
    entryPoints: [join(ROOT, 'src/main.ts')],
    outfile: join(directory, 'metallb.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    sourcemap: 'external',
    legalComments: 'eof',
    // The bundle's modules all stand where the bundle stands, the native part beside it.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    logOverride: { 'empty-import-meta': 'error' },
    logLevel: 'warning',
  })
  await copyFile(join(ROOT, 'build/native/metallb.node'), join(directory, 'metallb.node'))
  await copyFile(join(ROOT, 'bin/metallb'), join(directory, 'metallb'))
  await chmod(join(directory, 'metallb'), 0o755)
}

if (import.meta.main) {
  await bundle().catch((error: unknown) => {
    process.stderr.write(`build: ${reasonOf(error)}\n`)
    process.exitCode = 1
  })
}
