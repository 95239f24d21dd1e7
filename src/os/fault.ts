// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorName } from 'node:util'
import { Fault } from '../lib/fault.ts'

export type OsFault = Readonly<{
  /** `system`: any other error of the kernel; its name stands in the message. */
  code: 'noAddon' | 'noCapability' | 'noLink' | 'linkDown' | 'system'
}>

const EPERM = 1
const EACCES = 13
const ENODEV = 19
const ENXIO = 6
const ENETDOWN = 100

/** The fault behind a negative errno. `action` completes "cannot …" and names the interface, if one is involved. */
export function systemFault(result: number, action: string): Fault<OsFault> {
  switch (-result) {
    case EPERM:
    case EACCES:
      return new Fault(
        { code: 'noCapability' },
        `cannot ${action}: this process lacks CAP_NET_RAW; run it as root, or grant the capability ` +
          "(containers: securityContext.capabilities.add: ['NET_RAW'])",
      )
    case ENODEV:
    case ENXIO:
      return new Fault({ code: 'noLink' }, `cannot ${action}: there is no such interface`)
    case ENETDOWN:
      return new Fault({ code: 'linkDown' }, `cannot ${action}: the interface is down`)
    default:
      return new Fault({ code: 'system' }, `cannot ${action}: the kernel says ${getSystemErrorName(result)}`)
  }
}
