// SPDX-License-Identifier: Apache-2.0
/** metallb_k8s_client_*: what both daemons say about the objects they get, by MetalLB's names. */
import type { Metrics } from '../lib/metrics.ts'
import type { Problem } from '../lib/problem.ts'
import type { Model } from '../model/model.ts'

export type ClientReadings = Readonly<{
  /** Objects that came, each as often as it came. */
  updates(): number
  /** Errors that came with them: each counts when it appears. */
  errors(): number
  /** Satisfied by Configuration. */
  configuration: Readonly<{ model: Model | null; problems: readonly Problem[] }>
}>

/** Registers them. An alert on `config_stale_bool` fires while the last valid configuration stands in for a wrong one. */
export function registerClientMetrics(metrics: Metrics, { updates, errors, configuration }: ClientReadings): void {
  metrics
    .counter('metallb_k8s_client_updates_total', 'Changes of Kubernetes objects that were taken.')
    .readFrom(() => [[{}, updates()]])
  metrics
    .counter('metallb_k8s_client_update_errors_total', 'Errors that changes of Kubernetes objects brought.')
    .readFrom(() => [[{}, errors()]])
  metrics
    .gauge('metallb_k8s_client_config_loaded_bool', '1 once a valid configuration was loaded.')
    .readFrom(() => [[{}, Number(configuration.model !== null)]])
  metrics
    .gauge('metallb_k8s_client_config_stale_bool', '1 while the configuration there is has errors and is not in use.')
    .readFrom(() => [[{}, Number(configuration.problems.some(({ severity }) => severity === 'error'))]])
}
