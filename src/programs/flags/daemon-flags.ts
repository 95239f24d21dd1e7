// SPDX-License-Identifier: Apache-2.0
/** Flags and environment of controller and speaker: MetalLB's of 0.13 to 0.16 by their names and meanings, and ours. */
import { LOG_LEVELS } from '../../lib/log.ts'
import {
  choice,
  duration,
  integer,
  listeningPlace,
  listeningPort,
  optionalPort,
  optionalToggle,
  text,
  toggle,
  wordList,
} from './flag.ts'
import type { Values } from './read-flags.ts'

const ONE_ENGINE = 'there is one built-in BGP engine and no FRR beside it'
const NO_PROFILER = 'there is no profiler to serve'

const SHARED = {
  manifests: text({ help: 'take objects from this directory of YAML or JSON instead of a cluster', initial: '' }),
  kubeconfig: text({ help: 'how to reach the API server; without it: as a pod in the cluster', initial: '' }),
  namespace: text({
    help: 'where metallb.io objects count; without it: the pod’s own, else metallb-system',
    initial: '',
    env: 'METALLB_NAMESPACE',
  }),
  'pod-name': text({ help: 'name of the own Pod', initial: '', env: 'METALLB_POD_NAME' }),
  'log-level': choice({ help: `what to log: ${LOG_LEVELS.join(', ')}`, initial: 'info', words: LOG_LEVELS }),
  'lb-class': wordList({
    help: 'loadBalancerClasses to handle, by commas; without it: none, and all under metallb.io/',
    initial: [],
  }),
  port: optionalPort({
    help: 'where /metrics is served: 7472 in a cluster; 0, and with --manifests the default, is off',
  }),
  'metrics-secure': optionalToggle({ help: 'serve /metrics by HTTPS with authorization; default: on port 9120 only' }),
  'metrics-cert-dir': text({
    help: 'directory of tls.crt and tls.key for /metrics; without it: self-signed',
    initial: '',
  }),
  'tls-min-version': text({ help: 'lowest TLS version: VersionTLS12 or VersionTLS13', initial: '' }),
  'tls-cipher-suites': text({ help: 'suites for TLS 1.2, by commas, with Go’s names', initial: '' }),
  'tls-curve-preferences': text({ help: 'curves by their numbers, by commas', initial: '' }),
  'health-probe-port': optionalPort({
    help: 'where /healthz and /readyz are served: 17472 in a cluster; 0, and with --manifests the default, is off',
  }),
  'run-dir': text({
    help: 'directory for the local socket and what outlives a restart',
    initial: '/run/metallb',
    env: 'METALLB_RUN_DIR',
  }),
  'pprof-bind-address': text({ help: 'MetalLB’s profiler', initial: '', idle: NO_PROFILER }),
}

export const CONTROLLER_FLAGS = {
  ...SHARED,
  'ml-secret-name': text({
    help: 'Secret with the speakers’ shared key, made when it is absent',
    initial: '',
    env: 'METALLB_ML_SECRET_NAME',
  }),
  deployment: text({ help: 'Deployment that owns that Secret', initial: '', env: 'METALLB_DEPLOYMENT' }),
  'webhook-mode': choice({
    help: 'enabled, disabled, or onlywebhook (no addresses are given)',
    initial: 'enabled',
    words: ['enabled', 'disabled', 'onlywebhook'],
  }),
  'webhook-secret': text({ help: 'Secret that keeps the webhooks’ certificate', initial: 'metallb-webhook-cert' }),
  'cert-service-name': text({ help: 'Service that the API server calls', initial: 'metallb-webhook-service' }),
  'disable-cert-rotation': toggle({
    help: 'take the certificate from --cert-dir instead of making it',
    initial: false,
  }),
  'cert-dir': text({
    help: 'directory of tls.crt and tls.key with --disable-cert-rotation',
    initial: '/tmp/k8s-webhook-server/serving-certs',
  }),
  'webhook-http2': toggle({ help: 'HTTP/2 for webhooks', initial: false, idle: 'webhooks speak HTTP/1.1' }),
}

export const SPEAKER_FLAGS = {
  ...SHARED,
  'node-name': text({ help: 'name of this node among the Nodes', initial: '', env: 'METALLB_NODE_NAME' }),
  'ignore-exclude-lb': toggle({
    help: 'announce also from nodes labelled exclude-from-external-load-balancers',
    initial: false,
  }),
  host: text({ help: 'address of this host', initial: '', env: 'METALLB_HOST', idle: 'nothing needs it' }),
  'ml-bindaddr': text({
    help: 'own address in the member list; without it every Node counts as having a live speaker',
    initial: '',
    env: 'METALLB_ML_BIND_ADDR',
  }),
  'ml-bindport': listeningPort({
    help: 'port of the member list, TCP and UDP, the same on all nodes',
    initial: 7946,
    env: 'METALLB_ML_BIND_PORT',
  }),
  'ml-labels': text({
    help: 'labels of the speakers’ Pods, by which they find each other',
    initial: '',
    env: 'METALLB_ML_LABELS',
  }),
  'ml-secret-key-path': text({
    help: 'directory of the file secretkey; without it the member list is not encrypted',
    initial: '',
    env: 'METALLB_ML_SECRET_KEY_PATH',
  }),
  'ml-wan-config': toggle({ help: 'slower timers of the member list, for wide networks', initial: false }),
  'l2-watch-interval': duration({
    help: 'how often speakers show each other that they live, beside the member list; 0 turns it off',
    initial: '100ms',
    least: '10ms',
    most: '10s',
  }),
  'l2-watch-port': listeningPort({ help: 'UDP port on which they do', initial: 7947 }),
  'memberlist-debug': toggle({
    help: 'print what the speaker that runs here knows of members and leaders, and exit',
    initial: false,
  }),
  'bgp-listen': listeningPlace({
    help: 'where BGP peers may connect, such as :179; without it only the speaker connects',
  }),
  'bgp-drain-time': duration({
    help: 'how long routes of a node that leaves are announced as ones to turn away from; 0 withdraws at once',
    initial: '3s',
    least: '1ms',
    most: '10m',
  }),
  'bgp-debounce-timeout': integer({
    help: 'MetalLB’s delay before FRR reloads, in milliseconds',
    initial: 3000,
    least: 0,
    most: 2 ** 31,
    env: 'METALLB_BGP_DEBOUNCE_TIMEOUT',
    idle: ONE_ENGINE,
  }),
  'frrk8s-namespace': text({ help: 'namespace of frr-k8s', initial: '', env: 'FRRK8S_NAMESPACE', idle: ONE_ENGINE }),
  'frrk8s-secret-passthrough': toggle({ help: 'hand Secrets to frr-k8s', initial: false, idle: ONE_ENGINE }),
  'status-rate': integer({
    help: 'most status objects written in a second',
    initial: 50,
    least: 1,
    most: 10_000,
  }),
}

/** Variables that choose or tune what we do not have; said in the log where they are set. */
export const IDLE_VARIABLES: Readonly<Record<string, string>> = {
  METALLB_BGP_TYPE: ONE_ENGINE,
  FRR_CONFIG_FILE: ONE_ENGINE,
  FRR_RELOADER_PID_FILE: ONE_ENGINE,
  FRR_LOGGING_LEVEL: ONE_ENGINE,
}

export type ControllerFlags = Values<typeof CONTROLLER_FLAGS>
export type SpeakerFlags = Values<typeof SPEAKER_FLAGS>
