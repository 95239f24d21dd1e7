// SPDX-License-Identifier: Apache-2.0
/** The files that containerd, kubelet and the network plugins of one node read. Everything of theirs is in its folder. */
import { PAUSE } from './images.ts'

export type NodePlan = Readonly<{
  name: string
  /** Its folder in the run's directory. */
  directory: string
  cgroup: string
  podSubnet: string
  /** overlayfs where the disk lets it be mounted; native copies every image for every container. */
  snapshotter: 'overlayfs' | 'native'
}>

/**
 * `restrict_oom_score_adj`: a machine without CAP_SYS_RESOURCE may not lower the score below its own, and runc ends
 * where it is told to. The paths that have a default in /opt and /var are all named.
 */
export function containerdConfig({ directory, snapshotter }: NodePlan): string {
  return `version = 2
root = "${directory}/containerd"
state = "${directory}/containerd-state"
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "${directory}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "${directory}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE}"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${directory}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "${snapshotter}"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`
}

/** ptp, not bridge: Pods of one node talk through its routes, where kube-proxy's rules see the answers, too. */
export function networkConfig({ directory, podSubnet }: NodePlan): string {
  const ranges = [[{ subnet: podSubnet }]]
  const ipam = { type: 'host-local', dataDir: `${directory}/addresses`, ranges, routes: [{ dst: '0.0.0.0/0' }] }
  return JSON.stringify({ cniVersion: '0.4.0', name: 'pods', plugins: [{ type: 'ptp', ipMasq: false, ipam }] })
}

/**
 * The machine may have either version of control groups and no systemd, so the kubelet manages none but those of Pods,
 * below the node's own. It evicts nobody because the machine's disk or memory is used by others.
 */
export function kubeletConfig({ directory, cgroup }: NodePlan): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroup,
    cgroupsPerQOS: false,
    containerRuntimeEndpoint: `unix://${directory}/containerd.sock`,
    enforceNodeAllocatable: [],
    evictionHard: { 'imagefs.available': '0%', 'memory.available': '0%', 'nodefs.available': '0%' },
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    nodeLeaseDurationSeconds: 10,
    nodeStatusUpdateFrequency: '2s',
    podLogsDir: `${directory}/logs`,
    resolvConf: '',
    volumePluginDir: `${directory}/volume-plugins`,
  })
}
