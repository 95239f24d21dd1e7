// SPDX-License-Identifier: Apache-2.0
/**
 * How the speakers' member list is set up: a preset, or MetalLB's file in its place, then one knob each by variables; the
 * key that encrypts it; and the watch that speakers of ours keep beside it.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type GossipConfig, LAN, WAN } from '../../gossip/config.ts'
import { ringKey } from '../../gossip/crypto.ts'
import { Fault, reasonOf } from '../../lib/fault.ts'
import { formatIp, type Ip, parseIp } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'
import { parseRingFile } from './ring-config-file.ts'
import { ringDurationText, withRingVariables } from './ring-config-variables.ts'

export type RingConfig = Readonly<{
  gossip: GossipConfig
  /** Where this member listens, by UDP and TCP, and what it tells others of itself. */
  bind: SocketAddress
  /** Null: nothing is encrypted. */
  key: Uint8Array | null
  /** Null: it is off. The port is that of UDP at the address of `bind`. */
  watch: Readonly<{ intervalMs: number; detectMult: number; port: number }> | null
}>

export type RingFault = Readonly<{ code: 'badRingConfig' }>

/** Where the two files come from. */
export type RingFiles = Readonly<{
  /** Its bytes; null where there is none. Rejects with an Error for one that is not to be read. */
  read(path: string): Promise<Uint8Array | null>
}>

/** The flags that matter here. */
export type RingFlags = Pick<
  SpeakerFlags,
  | 'manifests'
  | 'ml-bindaddr'
  | 'ml-bindport'
  | 'ml-labels'
  | 'ml-secret-key-path'
  | 'ml-wan-config'
  | 'l2-watch-interval'
  | 'l2-watch-port'
>

const RING_FILE = '/etc/metallb/memberlist/config.json'
const SECRET = 'secretkey'
const MOST_BYTES = 65_536
/** Missed packets of the watch after which a speaker is taken for dead. */
const DETECT_MULT = 4

/**
 * Null where there is to be no member list, which one line of the log says: MetalLB, too, has one where it knows both its
 * own address and by which labels the others are found. In a directory they are found by their Nodes. Throws a Fault of
 * code `badRingConfig` for what cannot be followed: a member that goes its own way would be a second owner.
 */
export async function readRingConfig(
  flags: RingFlags,
  env: Readonly<Record<string, string | undefined>>,
  { files = RING_FILES, log }: Readonly<{ files?: RingFiles; log: Log }>,
): Promise<RingConfig | null> {
  const isDirectory = flags.manifests !== ''
  const missing = [
    ...(flags['ml-bindaddr'] === '' ? ['--ml-bindaddr (METALLB_ML_BIND_ADDR)'] : []),
    ...(isDirectory || flags['ml-labels'] !== '' ? [] : ['--ml-labels (METALLB_ML_LABELS)']),
  ]
  if (missing.length > 0) {
    const line = `no member list without ${missing.join(' and ')}: all nodes are assumed to run a speaker`
    if (isDirectory) log.info(line)
    else log.warn(line)
    return null
  }
  const bind = { address: addressOf(flags['ml-bindaddr']), port: flags['ml-bindport'] }
  const gossip = withRingVariables(await fromFile(flags, files, log), env, log)
  return { gossip, bind, key: await keyOf(flags['ml-secret-key-path'], files, log), watch: watchOf(flags) }
}

function addressOf(text: string): string {
  const ip = parseIp(text)
  if (!ip) throw bad(`--ml-bindaddr (METALLB_ML_BIND_ADDR) is ${JSON.stringify(text)}, which is no IP address`)
  if (ip.bits !== 0n && !isNobodysOwn(ip)) return formatIp(ip)
  const message = `--ml-bindaddr (METALLB_ML_BIND_ADDR) is ${text}, by which nobody reaches this node`
  throw bad(`${message}: give the node's own address, in a Pod status.podIP`)
}

/** Groups; and link-local IPv6 addresses, which mean nothing without the link that they are of. */
function isNobodysOwn({ family, bits }: Ip): boolean {
  if (family === 'ipv4') return bits >> 28n >= 0xen
  return bits >> 120n === 0xffn || bits >> 118n === 0x3fan
}

async function fromFile(flags: RingFlags, files: RingFiles, log: Log): Promise<GossipConfig> {
  const preset = flags['ml-wan-config'] ? WAN : LAN
  const bytes = await files.read(RING_FILE).catch((thrown: unknown) => {
    throw bad(`${RING_FILE} cannot be read: ${reasonOf(thrown)}`, thrown)
  })
  if (bytes === null) return preset
  const reading = parseRingFile(new TextDecoder().decode(bytes))
  if (!reading.ok) throw bad(`${RING_FILE} ${reading.flaw}`)
  for (const warning of reading.warnings) log.warn(`${RING_FILE} ${warning}`)
  return reading.gossip
}

/** The bytes are the secret as they are, with a newline at their end if there is one: MetalLB's members do the same. */
async function keyOf(directory: string, files: RingFiles, log: Log): Promise<Uint8Array | null> {
  if (directory === '') {
    log.warn('the member list is not encrypted: there is no --ml-secret-key-path (METALLB_ML_SECRET_KEY_PATH)')
    return null
  }
  const path = join(directory, SECRET)
  const secret = await files.read(path).catch((thrown: unknown) => {
    throw bad(`the key of the member list, ${path}, cannot be read: ${reasonOf(thrown)}`, thrown)
  })
  if (secret === null) throw bad(`the key of the member list is not there: ${path}`)
  if (secret.length === 0) throw bad(`the key of the member list, ${path}, is empty`)
  return ringKey(secret)
}

function watchOf(flags: RingFlags): RingConfig['watch'] {
  const { 'l2-watch-interval': intervalMs, 'l2-watch-port': port } = flags
  if (intervalMs === 0) return null
  if (port === flags['ml-bindport']) throw bad(`--l2-watch-port and --ml-bindport are both ${port}: both are UDP`)
  return { intervalMs, detectMult: DETECT_MULT, port }
}

/** The settings in words: for the log line at the start, and for `--memberlist-debug`. Holds no key. */
export function ringSettings({ gossip, bind, key, watch }: RingConfig): Readonly<Record<string, string | number>> {
  const { address, port } = bind
  return {
    bind: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    encryption: key ? 'AES-GCM' : 'none',
    tcpTimeout: ringDurationText(gossip.tcpTimeoutMs),
    pushPullInterval: ringDurationText(gossip.pushPullIntervalMs),
    gossipInterval: ringDurationText(gossip.gossipIntervalMs),
    suspicionMult: gossip.suspicionMult,
    probeInterval: ringDurationText(gossip.probeIntervalMs),
    probeTimeout: ringDurationText(gossip.probeTimeoutMs),
    watchInterval: watch ? ringDurationText(watch.intervalMs) : 'off',
    watchPort: watch ? watch.port : 'off',
  }
}

/** On the disk; a pipe does not make us wait. Links are followed: Kubernetes mounts Secrets and ConfigMaps that way. */
const RING_FILES: RingFiles = {
  async read(path) {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(noneIfMissing)
    if (file === null) return null
    try {
      const bytes = Buffer.alloc(MOST_BYTES + 1)
      let length = 0
      for (let more = 1; more > 0 && length < bytes.length; length += more)
        more = (await file.read(bytes, length, bytes.length - length)).bytesRead
      if (length > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`)
      return bytes.subarray(0, length)
    } finally {
      await file.close()
    }
  },
}

function noneIfMissing(thrown: unknown): null {
  if (Reflect.get(Object(thrown), 'code') === 'ENOENT') return null
  throw thrown
}

function bad(message: string, cause?: unknown): Fault<RingFault> {
  return new Fault({ code: 'badRingConfig' }, message, cause)
}
