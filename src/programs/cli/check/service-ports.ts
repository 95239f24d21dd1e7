// SPDX-License-Identifier: Apache-2.0
/** The rules of Kubernetes for spec.ports of a Service of type LoadBalancer. */
import { isFields } from '../../../manifests/structural.ts'
import { type FieldFlaw, type Fields, nodePortFlaw, show, unknownFields } from './field-flaws.ts'

const PORT = ['appProtocol', 'name', 'nodePort', 'port', 'protocol', 'targetPort']
/** RFC 1123 label. */
const PORT_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
/** RFC 6335 §5.1, in lower case: at least one letter, hyphens only between others and never two. */
const SERVICE_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/

/** What is wrong with the list as a whole and with each port in it. */
export function* portFlaws({ ports }: Fields): Generator<FieldFlaw> {
  if (ports === undefined || ports === null || (Array.isArray(ports) && ports.length === 0)) {
    const field = ports === undefined ? 'spec' : 'spec.ports'
    yield { field, message: 'a Service of type LoadBalancer needs at least one port; add it to spec.ports' }
  }
  if (!Array.isArray(ports)) return
  const seen = new Map<string, string>()
  for (const [index, port] of ports.entries()) {
    const path = `spec.ports[${index}]`
    if (!isFields(port)) continue
    yield* unknownFields(port, ['spec', 'ports', index], PORT)
    yield* nameFlaws(port, path, ports.length > 1)
    yield* targetFlaws(port, path)
    const flaw = nodePortFlaw(port['nodePort'])
    if (flaw !== null) yield { field: `${path}.nodePort`, message: flaw }
    yield* repetitions(port, path, seen)
  }
}

function* nameFlaws({ name }: Fields, path: string, isOneOfSeveral: boolean): Generator<FieldFlaw> {
  if (name === undefined || name === null || name === '') {
    if (isOneOfSeveral) yield { field: path, message: 'of several ports each needs a name; add one to this port' }
  } else if (typeof name !== 'string' || !PORT_NAME.test(name)) {
    const message = `${show(name)} is no name of a port; write lower case letters, digits and hyphens, at most 63`
    yield { field: `${path}.name`, message }
  }
}

function* targetFlaws({ targetPort }: Fields, path: string): Generator<FieldFlaw> {
  if (targetPort === undefined || targetPort === null || targetPort === 0) return // 0: the same as port
  const fits =
    typeof targetPort === 'number'
      ? Number.isInteger(targetPort) && targetPort >= 1 && targetPort <= 65_535
      : typeof targetPort === 'string' && (targetPort === '' || SERVICE_NAME.test(targetPort))
  if (fits) return
  const isQuoted = typeof targetPort === 'string' && /^\d+$/.test(targetPort)
  const cure = isQuoted
    ? `write ${targetPort} without quotes`
    : 'write a number from 1 to 65535, or the name of a port of the Pods'
  yield { field: `${path}.targetPort`, message: `${show(targetPort)} is no target port; ${cure}` }
}

/** Names, pairs of protocol and port, and pairs of protocol and node port may each stand once. */
function* repetitions(
  { name, protocol, port, nodePort }: Fields,
  path: string,
  seen: Map<string, string>,
): Generator<FieldFlaw> {
  const transport = typeof protocol === 'string' && protocol !== '' ? protocol : 'TCP'
  const claims: [string, unknown, string][] = [
    ['name', name, `name ${show(name)}`],
    ['port', port, `${transport} port ${show(port)}`],
    ['nodePort', nodePort, `${transport} nodePort ${show(nodePort)}`],
  ]
  for (const [key, value, what] of claims) {
    if (value === undefined || value === null || value === '' || value === 0) continue
    const first = seen.get(what)
    if (first === undefined) seen.set(what, path)
    else yield { field: `${path}.${key}`, message: `${what} is that of ${first} too; change one of the two` }
  }
}
