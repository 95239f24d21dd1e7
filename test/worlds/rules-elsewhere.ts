// SPDX-License-Identifier: Apache-2.0
/**
 * Rules about allocation, announcements and configuration that no set of manifests can show, because they are about time,
 * packets, sessions or requests. With rules.ts this list is complete: a rule is in exactly one of the two.
 */

type Elsewhere = Readonly<{ id: string; says: string; why: string }>

const TIME = 'simulate has no clock: it says what is so in the end'
const WIRE = 'simulate sends and receives nothing'
const REQUEST = 'simulate answers for whole states, not for single requests to a webhook'
const WRITES = 'simulate writes to no cluster'

function because(why: string, rules: Readonly<Record<string, string>>): Elsewhere[] {
  return Object.entries(rules).map(([id, says]) => ({ id, says, why }))
}

export const ELSEWHERE: readonly Elsewhere[] = [
  ...because(TIME, {
    'controller-retry-backoff': 'an error is tried again after 5 ms, doubled up to 1000 s',
    'controller-refused-waits': 'a refused Service is looked at when room is freed, not by a timer',
    'controller-gated-start': 'Services wait until the first full pass has succeeded',
    'layer2-rescan': 'interfaces are looked at every 10 s',
    'bgp-no-debounce': 'from event to UPDATE is one turn of the loop',
    'ext-health-rise-fall': 'a health check passes after 2 good probes and fails after 3 bad ones',
    'ext-announced-condition': 'Announced turns False 10 s after nobody announces',
    'ext-watch-interval': 'speakers watch each other every 100 ms',
  }),
  ...because(WIRE, {
    'layer2-arp-reply': 'which ARP requests are answered, and with what',
    'layer2-ndp-reply': 'which neighbor solicitations are answered, and with what',
    'layer2-ndp-groups': 'solicited-node groups are joined and left with the addresses',
    'layer2-gratuitous': 'a new owner says so in a burst of gratuitous frames',
    'layer2-interface-excluded': 'interfaces that a file excludes, bridge ports and NOARP ones have no responder',
    'layer2-members': 'who is alive is told by memberlist; simulate is told by --speakers',
    'bgp-open': 'what stands in OPEN, and which OPEN of a peer is refused',
    'bgp-hold-timer': 'a session ends when the hold timer expires',
    'bgp-next-hop': 'the next hop is the address of the session',
    'bgp-local-pref-internal': 'LOCAL_PREF goes to internal peers only; unset it is 100',
    'bgp-session-kept': 'a change of routes resets no session, one of a peer only its own',
    'bgp-withdraw': 'a prefix stays until the last Service that has it goes',
    'bgp-md5': 'the password signs the TCP segments of the session',
    'ext-graceful-restart': 'routes survive a restart of the speaker',
    'ext-source-address-missing': 'a node without the sourceAddress does not dial, which is no error',
    'ext-passive': 'a passive peer is waited for',
    'ext-ttl-255': 'packets leave with TTL 255, and ttlSecurityHops bounds what comes',
    'ext-strict-start': 'with strictStart BGP waits for BFD',
    'ext-drain': 'on SIGTERM routes are withdrawn before the end',
  }),
  ...because(REQUEST, {
    'webhook-namespace': 'an object is created in the namespace of the controller only',
    'webhook-transient': 'a reference to what is not there yet is admitted',
    'webhook-bfd-delete': 'a BFDProfile in use is not deleted',
    'webhook-disable-mp': 'disableMP is admitted with a warning',
    'webhook-conversion': 'peers are converted between their versions without loss',
  }),
  ...because(WRITES, {
    'controller-write-changed': 'a Service is written only when it changes',
    'controller-annotation-pool': 'the pool used is written as an annotation',
    'controller-pool-status': 'counters are written to the status of pools',
    'controller-stale-gauge': 'a metric says that the configuration in use is stale',
    'controller-condition': 'ConfigurationState says what is wrong',
    'ext-address-condition': 'AddressAssigned is written with the address',
    'ext-failure-metric': 'failures count again every minute',
    'layer2-status-object': 'ServiceL2Status names the node',
    'bgp-status-object': 'ServiceBGPStatus names the peers',
    'speaker-events':
      'nodeAssigned and announceFailed are events of the speakers; simulate shows those of the controller',
    'ext-lease': 'of several controllers one allocates',
  }),
]
