// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemFault } from './fault.ts'

const FAULTS: [number, string, RegExp][] = [
  [-1, 'noCapability', /^cannot open a packet socket: this process lacks CAP_NET_RAW; run it as root/],
  [-13, 'noCapability', /CAP_NET_RAW/],
  [-19, 'noLink', /^cannot open a packet socket: there is no such interface$/],
  [-6, 'noLink', /no such interface/],
  [-100, 'linkDown', /the interface is down$/],
  [-24, 'system', /the kernel says EMFILE$/],
]
for (const [errno, code, message] of FAULTS) {
  test(`errno ${errno} is ${code}, in one line`, () => {
    const fault = systemFault(errno, 'open a packet socket')
    assert.equal(fault.kind.code, code)
    assert.match(fault.message, message)
    assert.doesNotMatch(fault.message, /\n/)
  })
}
