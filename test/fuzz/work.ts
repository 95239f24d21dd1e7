// SPDX-License-Identifier: Apache-2.0

/** Processor time of this thread, for bounds on how long reading takes: what else the machine does is not our work. */
export function workMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
