// SPDX-License-Identifier: Apache-2.0
/** What a CI job waits for: the bundled `metallb check` on one object, and on 10,000 documents. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../tools/bundle.ts'
import { LAUNCHER } from '../build/daemon.ts'
import { type Figure, median } from './figure.ts'

const DOCUMENTS = 10_000
const ROUNDS = 5

/** Milliseconds from the start of the process to its end. */
export async function bench(): Promise<readonly Figure[]> {
  await bundle()
  const directory = mkdtempSync(join(tmpdir(), 'metallb-bench-'))
  try {
    const services = Array.from({ length: DOCUMENTS - 2 }, (_, index) => index)
    const valid = [POOL, ADVERTISEMENT, ...services.map((index) => service(index, VALID))]
    const flawed = [POOL, ADVERTISEMENT, ...services.map((index) => service(index, FLAWED))]
    const count = DOCUMENTS.toLocaleString('en-US')
    return [
      figure('check: one document, start to end', { directory, documents: [POOL], bound: 150 }),
      figure(`check: ${count} documents`, { directory, documents: valid, bound: 5000 }),
      figure(`check: ${count} documents, a problem in each`, { directory, documents: flawed, bound: 5000 }),
    ]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

type Work = Readonly<{ directory: string; documents: readonly string[]; bound: number }>

function figure(name: string, { directory, documents, bound }: Work): Figure {
  const file = join(directory, 'objects.yaml')
  writeFileSync(file, documents.join('---\n'))
  const rounds = Array.from({ length: ROUNDS }, () => timeToCheck(file, documents.length))
  return { name, value: median(rounds), unit: 'ms', bound }
}

function timeToCheck(file: string, objects: number): number {
  const started = performance.now()
  const { stdout, status } = spawnSync(LAUNCHER, ['check', file], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  const tookMs = performance.now() - started
  if (status !== 0 || !stdout.includes(` in ${objects} object`))
    throw new Error(`check ended with ${status}: ${stdout}`)
  return tookMs
}

const POOL = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: benchmark
  namespace: metallb-system
spec:
  addresses:
    - 198.18.0.0/15
`

const ADVERTISEMENT = `apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata:
  name: benchmark
  namespace: metallb-system
`

const VALID = 'metallb.io'
const FLAWED = 'metallb.universe.tf'

function service(index: number, prefix: string): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: service-${index}
  annotations:
    ${prefix}/loadBalancerIPs: 198.18.${Math.floor(index / 250)}.${index % 250}
spec:
  type: LoadBalancer
  selector:
    app: service-${index}
  ports:
    - name: http
      protocol: TCP
      port: 80
      targetPort: 8080
`
}
