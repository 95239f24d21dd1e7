// SPDX-License-Identifier: Apache-2.0
/**
 * kubectl where there are no kubelets: `logs` and `exec` of the guides are answered here, for Pods that are processes, as
 * kubelets would; all else is kubectl's own.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { scratchDirectory } from '../../lab/cluster/scratch.ts'
import type { Outcome } from './guide-world.ts'
import { type HostName, NODES, type NodeName, type RoutersScene } from './routers-scene.ts'

/** Runs a script as a user on a host does, with the logs as they are now; `exec` in a speaker's Pod is on `speaker`. */
export async function runScript(
  scene: RoutersScene,
  { host, text, speaker = 'node-1' }: { host: HostName; text: string; speaker?: NodeName },
): Promise<Outcome> {
  const directory = scratchDirectory('kubectl-stand-in')
  writeLog(join(directory, 'controller.log'), scene.controller)
  for (const node of NODES) writeLog(join(directory, `speaker-${node}.log`), scene.speaker(node))
  const { kubectl } = scene.world.server
  const inPods = { speaker: scene.podCommand(speaker, 'vtysh'), controller: scene.podCommand('controller', 'vtysh') }
  writeFileSync(join(directory, 'kubectl'), standIn(directory, kubectl, inPods))
  writeFileSync(join(directory, 'script'), text)
  chmodSync(join(directory, 'kubectl'), 0o755)
  const within = ['ip', 'netns', 'exec', host, 'bash', '-c', `PATH=$0${delimiter}$PATH exec bash "$0/script"`]
  return await scene.world.run([...within, directory])
}

function writeLog(file: string, { lines }: ClusterProgram): void {
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

type InPods = Readonly<{ speaker: readonly string[]; controller: readonly string[] }>

/** Of each Pod that a selector names the last ten lines, unless another number is given. */
function standIn(directory: string, kubectl: string, { speaker, controller }: InPods): string {
  return `#!/bin/bash
case " $* " in *controller*) which=controller ;; *) which=speaker ;; esac
case "$1" in
logs)
  tail=10
  for word in "$@"; do case "$word" in --tail=*) tail=\${word#--tail=} ;; esac; done
  exec tail -q -n "$tail" ${directory}/$which*.log ;;
exec)
  while [ "$1" != -- ]; do shift; done
  shift
  [ "$1" = vtysh ] || exit 127
  shift
  case $which in
  controller) exec ${controller.join(' ')} "$@" ;;
  *) exec ${speaker.join(' ')} "$@" ;;
  esac ;;
*) exec ${kubectl} "$@" ;;
esac
`
}
