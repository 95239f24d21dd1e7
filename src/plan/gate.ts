// SPDX-License-Identifier: Apache-2.0
/** The health gate of a Service: a port that each node probes on itself before it announces. */
import { annotation } from '../model/annotations.ts'
import type { Service } from '../model/service.ts'

/** Probed as `GET http://<address of the node>:<port><path>`. */
export type Gate = Readonly<{ port: number; path: '/' | '/healthz' }>

/** A gate as text, for maps: `8080/`, `32100/healthz`. */
export type GateKey = `${number}${Gate['path']}`

type Gated = Pick<Service, 'annotations' | 'healthCheckNodePort'>

/**
 * What the annotation healthCheckNodePort asks for: null without one, and for a value that is no port. The port of
 * spec.healthCheckNodePort is kube-proxy's, which answers under /healthz.
 */
export function gateOf(service: Gated): Gate | null {
  const value = annotation(service, 'healthCheckNodePort')
  if (value === undefined || !/^[1-9]\d{0,4}$/.test(value)) return null
  const port = Number(value)
  if (port > 65_535) return null
  return { port, path: port === service.healthCheckNodePort ? '/healthz' : '/' }
}

/** Equal gates have equal keys. */
export function gateKey({ port, path }: Gate): GateKey {
  return `${port}${path}`
}
