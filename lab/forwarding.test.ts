// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Frontend, forwardingRules } from './forwarding.ts'

const backend = (ip: string, port = 80) => ({ pod: `pod-${ip}`, node: 'node-1', ip, port })
const http = (...backends: ReturnType<typeof backend>[]): Frontend => ({
  ip: '192.0.2.1',
  protocol: 'TCP',
  port: 80,
  backends,
})

const CASES: [string, Frontend[], string[]][] = [
  ['without a Service nothing is redirected or refused', [], []],
  [
    'a Service with two Pods: in turn, and its other ports are closed',
    [http(backend('10.0.0.1'), backend('10.0.0.2', 8080))],
    [
      'ip daddr 192.0.2.1 tcp dport 80 dnat ip to numgen inc mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 8080 }',
      'ip daddr { 192.0.2.1 } meta l4proto tcp reject with tcp reset',
    ],
  ],
  [
    'a Service without Pods: its port is closed too',
    [http()],
    ['ip daddr { 192.0.2.1 } meta l4proto tcp reject with tcp reset'],
  ],
  [
    'two Services on one address: a rule each, the address is named once',
    [http(backend('10.0.0.1')), { ...http(backend('10.0.0.1', 53)), protocol: 'UDP', port: 53 }],
    [
      'ip daddr 192.0.2.1 tcp dport 80 dnat ip to numgen inc mod 1 map { 0 : 10.0.0.1 . 80 }',
      'ip daddr 192.0.2.1 udp dport 53 dnat ip to numgen inc mod 1 map { 0 : 10.0.0.1 . 53 }',
      'ip daddr { 192.0.2.1 } meta l4proto tcp reject with tcp reset',
    ],
  ],
]
for (const [name, frontends, rules] of CASES) {
  test(name, () => {
    const lines = forwardingRules(frontends).split('\n')
    assert.deepEqual(
      lines.map((line) => line.trim()).filter((line) => line.startsWith('ip daddr')),
      rules,
    )
  })
}
