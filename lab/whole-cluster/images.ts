// SPDX-License-Identifier: Apache-2.0
/** The images of the cluster: ours as `make image` left them, and two of the lab's own, each one static program. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../src/lib/fault.ts'
import { run } from '../command.ts'

export type ImageFault = Fault<{ code: 'notBuilt' }>

export const PAUSE = 'localhost/metallb-lab/pause:1'
export const WEB = 'localhost/metallb-lab/web:1'

const BUILT = join(import.meta.dirname, '../../build/image')

/** Archives of all images that a node needs; throws ImageFault where ours are not there. */
export async function imageArchives(directory: string): Promise<string[]> {
  const ours = ['controller', 'speaker'].map((name) => join(BUILT, `${name}.tar`))
  const missing = ours.find((file) => !existsSync(file))
  if (missing) throw new Fault({ code: 'notBuilt' }, `there is no ${missing}; make image builds it`)
  return [await buildImage(directory, PAUSE), await buildImage(directory, WEB), ...ours]
}

/** Builds the image of a C program beside this file, from nothing. */
async function buildImage(directory: string, tag: string): Promise<string> {
  const [name = ''] = tag.split('/').at(-1)?.split(':') ?? []
  const context = join(directory, `image-${name}`)
  const archive = join(directory, `${name}.tar`)
  mkdirSync(context)
  await run(['gcc', '-O2', '-Wall', '-static', '-s', '-o', join(context, name), join(import.meta.dirname, `${name}.c`)])
  writeFileSync(join(context, 'Dockerfile'), `FROM scratch\nCOPY ${name} /${name}\nENTRYPOINT ["/${name}"]\n`)
  const places = ['--root', join(context, '.storage'), '--runroot', join(context, '.run'), '--storage-driver', 'vfs']
  writeFileSync(join(context, '.dockerignore'), '.storage\n.run\n')
  await run(['buildah', ...places, 'build', '--isolation', 'chroot', '--quiet', '--tag', tag, context])
  await run(['buildah', ...places, 'push', '--quiet', tag, `docker-archive:${archive}:${tag}`])
  return archive
}
