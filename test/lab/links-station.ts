// SPDX-License-Identifier: Apache-2.0
/** A wire with the responder at one end and a station at the other, for links-cases.ts. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach } from 'node:test'
import { type ArpFrame, BROADCAST_MAC, decode, encode } from '../../src/l2/arp.ts'
import { inNamespace, ip, makeWire, Tap, until } from './wire-namespace.ts'

export const VIP = '198.51.100.1'
const VIP_NUMBER = 0xc633_6401
const STATION = '02:00:00:00:00:ff'
const PROGRAM = join(import.meta.dirname, 'wire-responder.ts')

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** Runs after the test, the last one first. */
export function afterwards(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp)
}

/** A pair `near` and `far`, and a station at `far`; the responder leaves that end alone. */
export async function wire(): Promise<Tap> {
  makeWire('near', 'far')
  afterwards(() => ip('link', 'del', 'far'))
  return await station('far')
}

/** Starts it on an interface that is up. */
export async function station(name: string): Promise<Tap> {
  const tap = new Tap(name)
  afterwards(() => tap.close())
  await tap.ready
  return tap
}

/** Starts a responder that claims VIP on the interfaces named, on all where none is. */
export async function responder(...interfaces: readonly string[]): Promise<{ lines: string[] }> {
  const child = spawn(process.execPath, [PROGRAM, VIP, ...interfaces], { stdio: ['ignore', 'pipe', 'inherit'] })
  afterwards(() => child.kill('SIGKILL'))
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await until(() => lines.some((line) => line.includes('"ready"')), 'the responder', 10_000)
  return { lines }
}

/** Without the kernel's own IPv6 chatter. */
export function setUp(name: string): void {
  execFileSync('sysctl', ['-qw', `net.ipv6.conf.${name}.disable_ipv6=1`])
  ip('link', 'set', name, 'up')
}

const arpOf = (frames: readonly Uint8Array[]): ArpFrame[] =>
  frames.map((frame) => decode(frame)).filter((frame): frame is ArpFrame => !('malformed' in frame))

/** Asks for VIP; the MAC addresses that answer. */
export async function answerers(tap: Tap): Promise<string[]> {
  tap.take()
  const asked: ArpFrame = {
    destination: BROADCAST_MAC,
    source: STATION,
    operation: 'request',
    senderMac: STATION,
    senderIp: 0xc633_6409,
    targetMac: '00:00:00:00:00:00',
    targetIp: VIP_NUMBER,
  }
  tap.send(encode(asked))
  const heard = arpOf(await tap.settle())
  return heard.filter(({ destination }) => destination === STATION).map(({ senderMac }) => senderMac)
}

/** Waits until exactly these answer. */
export async function answeredBy(tap: Tap, ...macs: readonly string[]): Promise<void> {
  const deadline = performance.now() + 5000
  for (;;) {
    const heard = await answerers(tap)
    if (heard.toSorted().join() === macs.toSorted().join()) return
    if (performance.now() > deadline) throw new Error(`answered by [${heard.join()}] instead of [${macs.join()}]`)
  }
}

/** Waits until both kinds of gratuitous frame have come from a MAC address; false after `timeoutMs`. */
export async function announcedBy(tap: Tap, mac: string, timeoutMs = 5000): Promise<boolean> {
  const kinds = new Set<string>()
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; ) {
    for (const frame of arpOf(await tap.settle(20))) {
      const isGratuitous = frame.destination === BROADCAST_MAC && frame.senderIp === frame.targetIp
      if (isGratuitous && frame.senderMac === mac && frame.senderIp === VIP_NUMBER) kinds.add(frame.operation)
    }
    if (kinds.size === 2) return true
  }
  return false
}

/** Another namespace, until the end of the test: the process in it, by whose number it is named. */
export async function otherNamespace(): Promise<string> {
  const [program, args] = inNamespace(['sleep', '60'])
  const client: ChildProcess = spawn(program, args, { stdio: 'ignore' })
  afterwards(() => client.kill('SIGKILL'))
  const pid = () => readFileSync(`/proc/${client.pid}/task/${client.pid}/children`, 'utf8').trim()
  await until(() => pid() !== '', 'the other namespace')
  return pid()
}
