// SPDX-License-Identifier: Apache-2.0
/** What is wrong with BGPPeers, and what is not. */
import { rulesIn } from './rule.ts'

export const PEER_RULES = [
  ...rulesIn('peer', 'src/model/parse-peer.ts', [
    ['my-asn', 'myASN must be given', 'if (!myASN) reporter.error(', 'if (myASN === -1) reporter.error('],
    ['asn-missing', 'peerASN or dynamicASN must be given', 'if (!peerASN && !dynamicASN) {', 'if (false) {'],
    ['asn-twice', 'but not both', '} else if (peerASN && dynamicASN) {', '} else if (false) {'],
    [
      'multihop-internal',
      'ebgpMultiHop is not for internal peers',
      '} else if (peerASN && peerASN === myASN && ebgpMultiHop) {',
      '} else if (false) {',
    ],
    [
      'multihop-external',
      'but it is for external ones',
      '} else if (peerASN && peerASN === myASN && ebgpMultiHop) {',
      '} else if (peerASN && ebgpMultiHop) {',
    ],
    ['place-missing', 'peerAddress or interface must be given', 'if (!peerAddress && !device) {', 'if (false) {'],
    ['place-twice', 'but not both', '} else if (peerAddress && device) {', '} else if (false) {'],
    ['address', 'addresses of a peer must be addresses', "reporter.error('invalidIp', `spec.${key}`, message)", ''],
    [
      'source-address',
      'sourceAddress must be one, too',
      "spec.sourceAddress ? readIp(spec.sourceAddress, 'sourceAddress', reporter) : null",
      'null',
    ],
    ['router-id', 'and so must routerID', 'spec.routerID ? readRouterId(spec.routerID, reporter) : null', 'null'],
    [
      'bfd-profile',
      'a BFD profile that is named must be there',
      'if (!bfdProfile || profiles.has(bfdProfile)) return',
      'return',
    ],
  ]),
  ...rulesIn('peer', 'src/model/parse-timers.ts', [
    ['hold-short', 'a hold time is at least 3 seconds', '(holdMs !== 0 && holdMs < 3000)', 'false'],
    ['hold-zero', 'or 0', '(holdMs !== 0 && holdMs < 3000)', 'holdMs < 3000'],
    [
      'hold-whole-seconds',
      'fractions of a second of the hold time are cut off',
      'Math.trunc(exactHold / 1000) * 1000',
      'exactHold',
    ],
    [
      'hold-from-keepalive',
      'without a hold time it is three times the keepalive time',
      'keepalive === null ? null : keepalive * 3',
      'null',
    ],
    [
      'keepalive-long',
      'the keepalive time is at most the hold time',
      '} else if (keepaliveMs > exactHold || keepaliveMs < 0) {',
      '} else if (false) {',
    ],
    [
      'connect-time',
      'connectTime is a whole number of seconds',
      'countedMs < 1000 || countedMs > 65_535_000 || countedMs % 1000 !== 0',
      'false',
    ],
  ]),
  ...rulesIn('peer', 'src/model/parse-timers.ts', [
    ['duration', 'a time must be a duration', 'if (ms === undefined) {', 'if (false) {'],
    [
      'hold-unset',
      'a hold time that v1beta1 leaves out is not filled in',
      'readDuration(spec.holdTime, ',
      "readDuration(spec.holdTime ?? '90s', ",
    ],
    [
      'keepalive-unset',
      'nor is a keepalive time',
      'readDuration(spec.keepaliveTime, ',
      "readDuration(spec.keepaliveTime ?? '30s', ",
    ],
  ]),
  ...rulesIn('ext-peer', 'src/model/parse-timers.ts', [
    [
      'restart-time',
      'gracefulRestart.restartTime is from 1 s to 4095 s',
      'restartMs < 1000 || restartMs > LONGEST_RESTART_MS',
      'false',
    ],
    [
      'restart-contradiction',
      'enableGracefulRestart and gracefulRestart.enabled must agree',
      'if (short !== undefined && long !== undefined && short !== long.enabled) {',
      'if (false) {',
    ],
  ]),
  ...rulesIn('peer', 'src/model/inventory.ts', [
    [
      'old-version',
      'a BGPPeer of v1beta1 is read as well',
      "apiVersion.startsWith('metallb.io/') && CONFIGURATION_KINDS.has(kind)",
      "apiVersion.startsWith(kind === 'BGPPeer' ? 'metallb.io/v1beta2' : 'metallb.io/') && CONFIGURATION_KINDS.has(kind)",
    ],
  ]),
  ...rulesIn('peer', 'src/model/parse-password.ts', [
    ['password-twice', 'password and passwordSecret must not both be set', 'if (spec.password) {', 'if (false) {'],
    [
      'secret-missing',
      'the Secret must be there',
      "reporter.transient('unknownSecret', 'spec.passwordSecret.name', message)",
      '',
    ],
    ['secret-type', 'the Secret must be of a type for passwords', 'if (!TYPES.has(type)) {', 'if (false) {'],
    [
      'secret-key',
      'the Secret must have the key',
      "reporter.error('invalidSecret', 'spec.passwordSecret.key', `Secret ${name} ${value.flaw}`)",
      '',
    ],
  ]),
  ...rulesIn('ext-peer', 'src/model/parse-password.ts', [
    [
      'secret-opaque',
      'a Secret of type Opaque will do',
      "new Set(['kubernetes.io/basic-auth', 'Opaque'])",
      "new Set(['kubernetes.io/basic-auth'])",
    ],
    [
      'secret-own-key',
      'passwordSecret.key names another key than password',
      "const { name = '', key = DEFAULT_KEY } = spec.passwordSecret ?? {}",
      "const { name = '' } = spec.passwordSecret ?? {}\n  const key = DEFAULT_KEY",
    ],
  ]),
  ...rulesIn('peer', 'src/model/peer-conflicts.ts', [
    ['same-place', 'two peers at one place must not share a node', 'if (earlier.length === 0) continue', 'continue'],
    [
      'same-place-apart',
      'on different nodes they may',
      '.filter((peer) => shareNode(peer.nodes, later.nodes, nodes))',
      '',
    ],
    ['same-place-vrf', 'and in different VRFs', "${vrf === null ? '' : ` in VRF ${shorten(vrf)}`}", ''],
  ]),
  ...rulesIn('ext-peer', 'src/model/bfd-conflicts.ts', [
    [
      'bfd-profiles',
      'two peers that share a BFD session name one profile for it',
      'if (earlier) blame(',
      'if (false) blame(',
    ],
    [
      'bfd-profiles-apart',
      'where they do not share it, two will do',
      'const earlier = apart.find((peer) => shareNode(peer.nodes, later.nodes, nodes))',
      'const [earlier] = apart',
    ],
    [
      'bfd-profiles-ways',
      'as over one hop and over several',
      'const way = [sourceAddress && formatIp(sourceAddress), vrf, ebgpMultiHop]',
      'const way = [sourceAddress && formatIp(sourceAddress), vrf]',
    ],
  ]),
  ...rulesIn('ext-peer', 'src/model/peer-conflicts.ts', [
    ['ports-apart', 'two peers at one address may have different ports', '${place} port ${port}', '${place}'],
  ]),
]
