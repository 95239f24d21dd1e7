// SPDX-License-Identifier: Apache-2.0
// Generated from deploy/crds by tools/generate.ts: do not edit. Change the CRD and run `make generate`.

/** Selects objects by their labels: matchLabels and matchExpressions all have to hold. Empty: everything. */
export type LabelSelector = Readonly<{
  matchLabels?: Readonly<Record<string, string>>
  matchExpressions?: readonly Readonly<{ key: string; operator: string; values?: readonly string[] }>[]
}>

/** Intervals and options of the BFD sessions that use this profile. */
export type BFDProfileSpec = Readonly<{
  /** Number of packets that may be missing before the peer is taken to be gone, from 2 to 255. Default: 3. */
  detectMultiplier?: number
  /** Smallest interval between echo packets, in milliseconds, from 10 to 60000. Default: 50. */
  echoInterval?: number
  /** Also send packets that the peer loops back. Not for peers that get IPv6 routes. Default: false. */
  echoMode?: boolean
  /** Multihop sessions only: drop packets that arrive with a lower TTL, from 1 to 254. Default: 254. */
  minimumTtl?: number
  /** Wait for the first packet of the peer. Default: false. */
  passiveMode?: boolean
  /** Smallest interval between packets that we can receive, in milliseconds, from 10 to 60000. Default: 300. */
  receiveInterval?: number
  /** BGP waits until BFD is up before it connects. Default: false. */
  strictStart?: boolean
  /** Smallest interval at which we send packets, in milliseconds, from 10 to 60000. Default: 300. */
  transmitInterval?: number
}>

/** Which addresses are announced, to which peers, from which nodes, and with which attributes. */
export type BGPAdvertisementSpec = Readonly<{
  /** Prefix length, in bits, in which IPv4 addresses are announced, at most 32. Default: 32, every address by itself. */
  aggregationLength?: number
  /** Prefix length, in bits, in which IPv6 addresses are announced, at most 128. Default: 128, every address by itself. */
  aggregationLengthV6?: number
  /** Makes the AS path longer, so that routers prefer other paths. Only eBGP peers see it. */
  asPrepend?: Readonly<{
    /** AS number that is repeated, from 1 to 4294967295. Must not be the AS of the peer, which would take the route for a loop. Default: myASN of the session. */
    asn?: number
    /** How many times the number is put behind our own, from 1 to 10. */
    count: number
  }>
  /** Communities sent with the routes: standard ones (64512:100, 16 bits each), large ones (large:64512:100:200, 32 bits each), or names that a Community object defines. */
  communities?: readonly string[]
  /** Pools, by label, that are advertised, in addition to ipAddressPools. Default: if neither is given, all pools. */
  ipAddressPoolSelectors?: readonly LabelSelector[]
  /** Names of the IPAddressPools that are advertised. Names without a pool are ignored. Default: if ipAddressPoolSelectors is not given either, all pools. */
  ipAddressPools?: readonly string[]
  /** LOCAL_PREF of the routes, from 0 to 4294967295; higher is preferred. Only iBGP peers see it. Default: 0, which is unset; iBGP peers then get 100. */
  localPref?: number
  /** MULTI_EXIT_DISC of the routes, from 0 to 4294967295; lower is preferred. Default: not sent. */
  med?: number
  /** Nodes, by label, that announce. One matching selector is enough. Default: all nodes. */
  nodeSelectors?: readonly LabelSelector[]
  /** Names of the BGPPeers that get the routes. Names without a peer are ignored. Default: all peers. */
  peers?: readonly string[]
  /** Services, by label, to which this advertisement applies. One matching selector is enough. Default: all Services with an address of the pools. Cannot be combined with another aggregationLength than 32 or another aggregationLengthV6 than 128. */
  serviceSelectors?: readonly LabelSelector[]
}>

/** How the session is set up. */
export type BGPPeerV1Beta1Spec = Readonly<{
  /** Name of the BFDProfile that watches this session. Default: no BFD. */
  bfdProfile?: string
  /** The peer of another AS is more than one hop away. Decides between single-hop and multihop BFD; must not be set for a peer of our own AS. Default: false. */
  ebgpMultiHop?: boolean
  /** How long a silent peer is taken to be alive, as a duration such as 90s: 0s (for ever) or at least 3s. Default: three times keepaliveTime, or 90s if that is not set either. */
  holdTime?: string
  /** How often we show the peer that we are alive, as a duration such as 30s; at most holdTime. Default: a third of holdTime. */
  keepaliveTime?: string
  /** Our own AS number, from 1 to 4294967295. */
  myASN: number
  /** Nodes, by label, that have the session. One matching selector is enough. Default: all nodes. */
  nodeSelectors?: readonly Readonly<{
    /** Conditions on labels. All of them have to hold, and so does matchLabels. */
    matchExpressions?: readonly Readonly<{
      /** Key of the label. */
      key: string
      /** How the label is compared: In, NotIn, Exists or DoesNotExist. */
      operator: string
      /** Values to compare with, at least one. */
      values: readonly string[]
    }>[]
    /** Labels that have to be present with exactly these values. */
    matchLabels?: Readonly<Record<string, string>>
  }>[]
  /** Password of the session (TCP MD5 signature, RFC 2385). Default: none. */
  password?: string
  /** AS number of the peer, from 1 to 4294967295. */
  peerASN: number
  /** IP address of the peer. */
  peerAddress: string
  /** TCP port of the peer, at most 16384. Default: 179. */
  peerPort?: number
  /** BGP identifier that we send, written as an IPv4 address. Default: an IPv4 address of the node. */
  routerID?: string
  /** Address from which the session is opened. Nodes that do not have it stay without the session. Default: what the routing table of the node gives. */
  sourceAddress?: string
}>

/** How the session is set up. Needs myASN, one of peerASN and dynamicASN, and one of peerAddress and interface. */
export type BGPPeerSpec = Readonly<{
  /** Name of the BFDProfile that watches this session. Default: no BFD. */
  bfdProfile?: string
  /** How long to wait between two attempts to connect, as a duration of whole seconds from 1s to 65535s. Default: decided by the speaker. */
  connectTime?: string
  /** Deprecated and without effect: one session carries both families as far as the peer agrees. Default: false. */
  disableMP?: boolean
  /** Exchange IPv4 and IPv6 routes over this session, whichever family its own address has. Default: false, only the family of its address. */
  dualStackAddressFamily?: boolean
  /** Instead of peerASN: take any AS number that the peer sends, as long as it is our own (internal) or another one (external). */
  dynamicASN?: 'internal' | 'external'
  /** The peer of another AS is more than one hop away. Decides between single-hop and multihop BFD; must not be set for a peer of our own AS. Default: false. */
  ebgpMultiHop?: boolean
  /** Ask the peer to keep our routes while we restart (RFC 4724), for 120s. The same as gracefulRestart.enabled; the two must not contradict each other. Default: false. */
  enableGracefulRestart?: boolean
  /** Ask the peer to keep our routes while we restart (RFC 4724), and for how long. */
  gracefulRestart?: Readonly<{
    /** Whether the peer is asked. */
    enabled: boolean
    /** How long the peer keeps our routes, as a duration from 1s to 4095s. Default: 120s. */
    restartTime?: string
  }>
  /** How long a silent peer is taken to be alive, as a duration such as 90s: 0s (for ever) or at least 3s. Default: three times keepaliveTime, or 90s if that is not set either. */
  holdTime?: string
  /** Instead of peerAddress: the network interface on whose other end the peer is (unnumbered peering over IPv6 link-local addresses). */
  interface?: string
  /** How often we show the peer that we are alive, as a duration such as 30s; at most holdTime. Default: a third of holdTime. */
  keepaliveTime?: string
  /** AS number under which this peer sees us in place of myASN, from 1 to 4294967295. Default: myASN. */
  localASN?: number
  /** Our own AS number, from 1 to 4294967295. */
  myASN: number
  /** Nodes, by label, that have the session. One matching selector is enough. Default: all nodes. */
  nodeSelectors?: readonly LabelSelector[]
  /** Wait for the peer to connect and never dial. Needs the speakers to listen (--bgp-listen). Default: false. */
  passive?: boolean
  /** Password of the session (TCP MD5 signature, RFC 2385). Prefer passwordSecret, where only those see it who may read Secrets. Default: none. */
  password?: string
  /** Secret with the password of the session, in the namespace of this object. Not together with password. */
  passwordSecret?: Readonly<{
    /** Key of the Secret under which the password stands. Default: password. */
    key?: string
    /** Name of the Secret, which is of type kubernetes.io/basic-auth or Opaque. */
    name?: string
    /** Has no effect: the Secret is always looked up in the namespace of this object. */
    namespace?: string
  }>
  /** AS number of the peer, from 1 to 4294967295. Either this or dynamicASN has to be given. */
  peerASN?: number
  /** IP address of the peer. Either this or interface has to be given. */
  peerAddress?: string
  /** TCP port of the peer, from 1 to 16384. Default: 179. */
  peerPort?: number
  /** BGP identifier that we send, written as an IPv4 address. Default: an IPv4 address of the node. */
  routerID?: string
  /** Address from which the session is opened. Nodes that do not have it stay without the session. Default: what the routing table of the node gives. */
  sourceAddress?: string
  /** Accept packets of the peer only from at most this many hops away, from 1 to 254 (GTSM, RFC 5082). Default: not checked. */
  ttlSecurityHops?: number
  /** VRF device of the nodes in which the session is opened. Default: the main routing table. */
  vrf?: string
}>

/** The names that are defined. */
export type CommunitySpec = Readonly<{
  /** Names and what they stand for. A name must be defined only once among all Community objects. */
  communities?: readonly Readonly<{
    /** The name that BGPAdvertisements use. */
    name?: string
    /** The community it stands for: a standard one (64512:100) or a large one (large:64512:100:200). */
    value?: string
  }>[]
}>

/** What became of the configuration. */
export type ConfigurationStateStatus = Readonly<{
  /** The state in detail. */
  conditions?: readonly Readonly<{
    /** When status last changed. */
    lastTransitionTime: string
    /** What is wrong, in words; empty if nothing is. */
    message: string
    /** The metadata.generation for which this was found. */
    observedGeneration?: number
    /** Why, in one word. */
    reason: string
    /** True, False or Unknown. */
    status: 'True' | 'False' | 'Unknown'
    /** Which aspect this is. */
    type: string
  }>[]
  /** What is wrong, one line for each failing condition. */
  errorSummary?: string
  /** Valid, Invalid, or Unknown before the first look at the configuration. */
  result?: 'Valid' | 'Invalid' | 'Unknown'
}>

/** Which addresses the pool has and which Services may get them. */
export type IPAddressPoolSpec = Readonly<{
  /** The addresses of the pool: prefixes (192.0.2.0/24; host bits are dropped) and ranges with both ends included (192.0.2.10-192.0.2.20). IPv4 and IPv6 may stand in one pool. They must not overlap with this pool or any other. They are handed out in this order. */
  addresses: readonly string[]
  /** Whether Services get addresses of this pool without asking for it. If false, only Services that name the pool or one of its addresses do. Default: true. */
  autoAssign?: boolean
  /** Never hand out IPv4 addresses that end in .0 or .255, which some old devices refuse to talk to. Default: false. */
  avoidBuggyIPs?: boolean
  /** Reserves the pool for certain Services and orders it among other pools. While this section is present, even empty, the pool is not given to just any Service. */
  serviceAllocation?: Readonly<{
    /** Namespaces, by label, whose Services may use this pool, in addition to namespaces. */
    namespaceSelectors?: readonly LabelSelector[]
    /** Names of the namespaces whose Services may use this pool. */
    namespaces?: readonly string[]
    /** Order among the pools that a Service may use: the lowest number comes first. Default: 0, which is no priority and comes last. */
    priority?: number
    /** Services, by label, that may use this pool. One matching selector is enough. */
    serviceSelectors?: readonly LabelSelector[]
  }>
}>

/** How much of the pool is in use. Written by the controller. */
export type IPAddressPoolStatus = Readonly<{
  /** Number of IPv4 addresses in use. */
  assignedIPv4: number
  /** Number of IPv6 addresses in use. */
  assignedIPv6: number
  /** Number of IPv4 addresses that are still free. */
  availableIPv4: number
  /** Number of IPv6 addresses that are still free, at most 9223372036854775807. */
  availableIPv6: number
}>

/** Which addresses are answered for, where and for which Services. */
export type L2AdvertisementSpec = Readonly<{
  /** Network interfaces that answer. Default: all interfaces of the node. */
  interfaces?: readonly string[]
  /** Pools, by label, that are advertised, in addition to ipAddressPools. Default: if neither is given, all pools. */
  ipAddressPoolSelectors?: readonly LabelSelector[]
  /** Names of the IPAddressPools that are advertised. Names without a pool are ignored. Default: if ipAddressPoolSelectors is not given either, all pools. */
  ipAddressPools?: readonly string[]
  /** Nodes, by label, that may answer. One matching selector is enough. Default: all nodes. */
  nodeSelectors?: readonly LabelSelector[]
  /** Preferences among the nodes that may answer. A node adds up the weights of the entries that match it; the highest sum is chosen first. */
  preferredNodeSelectors?: readonly Readonly<{
    /** Matches Nodes by their labels. An empty selector matches all of them. */
    preference: LabelSelector
    /** What a matching node gains, from 1 to 100. */
    weight: number
  }>[]
  /** Services, by label, to which this advertisement applies. One matching selector is enough. Default: all Services with an address of the pools. Services that share an address cannot be announced by an advertisement with serviceSelectors. */
  serviceSelectors?: readonly LabelSelector[]
}>

/** Where the Service is announced. */
export type ServiceBGPStatusStatus = Readonly<{
  /** Name of the node that announces. */
  node?: string
  /** Names of the BGPPeers, sorted, to which this node is configured to announce the Service. */
  peers?: readonly string[]
  /** Name of the Service. */
  serviceName?: string
  /** Namespace of the Service. */
  serviceNamespace?: string
}>

/** Who answers for the Service. */
export type ServiceL2StatusStatus = Readonly<{
  /** Network interfaces that answer. Absent if all interfaces of the node do. */
  interfaces?: readonly Readonly<{
    /** Name of the interface on the node. */
    name?: string
  }>[]
  /** Name of the node that answers. */
  node?: string
  /** Name of the Service. */
  serviceName?: string
  /** Namespace of the Service. */
  serviceNamespace?: string
}>
