// SPDX-License-Identifier: Apache-2.0
/** The story of `make cluster-demo`: what an administrator does, what breaks, and what the client sees of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../src/lib/fault.ts'
import { fieldAt } from '../cluster/field.ts'
import type { Step, Tell } from '../play.ts'
import { notObserved, until } from '../wait.ts'
import {
  addressOf,
  announcerOf,
  answererOf,
  applyFile,
  install,
  isPodReady,
  kubectl,
  leader,
  PATIENCE_MS,
  ready,
  type Scene,
  seen,
  speakerOn,
} from './scene.ts'
import { describe, type Visits } from './visitor.ts'
import { isReady } from './whole-cluster.ts'

export const CLUSTER_STORY: readonly Step<Scene>[] = [
  { name: 'the project is installed', play: installAll },
  { name: 'a Service gets an address', play: serveWeb },
  { name: 'the client gets its pages', play: visitPages },
  { name: 'a mistake is refused at the door', play: makeMistake },
  { name: 'the leading controller is deleted', play: deleteLeader },
  { name: 'the announcing speaker is deleted', play: deleteSpeaker },
  { name: 'a node that announces nothing stops', play: stopNode },
  { name: 'the announcing node dies', play: loseOwner },
  { name: 'the Service is deleted', play: deleteService },
]

const ADDRESS = '192.168.1.240'
const LATE_ADDRESS = '192.168.1.241'
/** So long the client watches after the last change, to see that nothing more happens. */
const QUIET_MS = 2000

async function installAll(scene: Scene, tell: Tell): Promise<string> {
  await install(scene)
  tell('kubectl apply -k deploy/manifests')
  await ready(scene, 'deployments', 'controller', 3)
  tell(`3 controllers are ready; ${await leader(scene)} leads`)
  await ready(scene, 'daemonsets', 'speaker', 3)
  tell('3 speakers are ready, one on each node, each with CAP_NET_RAW and no other capability')
  return '3 controllers and 3 speakers are ready'
}

async function serveWeb(scene: Scene, tell: Tell): Promise<string> {
  const mark = scene.neighbors.mark()
  // A controller is ready when it serves webhooks; the API server may take a moment to find that out.
  await untilAccepted(() => applyFile(scene, 'pool.yaml'))
  tell('kubectl apply: pool first-pool (192.168.1.240-192.168.1.250) and its L2Advertisement')
  await applyFile(scene, 'web.yaml')
  tell('kubectl apply: Deployment web, three Pods, and its Service of type LoadBalancer')
  const address = await addressOf(scene, 'web')
  tell(`default/web has EXTERNAL-IP ${address}`)
  if (address !== ADDRESS) throw notObserved(`the first address of the pool is ${ADDRESS}, not ${address}`)
  const owner = await announcerOf(scene, address, mark)
  tell(`client: heard, without asking, that ${address} is at ${owner} now`)
  await ready(scene, 'deployments', 'web', 3)
  return `${owner} announces ${address}`
}

async function visitPages(scene: Scene, tell: Tell): Promise<string> {
  const owner = await answererOf(scene, ADDRESS)
  tell(`client: who has ${ADDRESS}? ${owner} answers`)
  const pods = new Set<string>()
  await until(
    async () => {
      const answer = await scene.client.fetch(`http://${ADDRESS}/`)
      if (answer.ok && !pods.has(answer.body)) {
        pods.add(answer.body)
        const { pod, node }: { pod: string; node: string } = JSON.parse(answer.body)
        tell(`client: GET http://${ADDRESS}/ is answered by ${pod} on ${node}`)
      }
      return pods.size === 3 ? true : undefined
    },
    () => `the client got pages of ${pods.size} of 3 Pods`,
    PATIENCE_MS,
  )
  scene.visitor.start(`http://${ADDRESS}/`)
  return `${owner} answers, and pages come from 3 Pods on 3 nodes`
}

async function makeMistake(scene: Scene, tell: Tell): Promise<string> {
  const refusal = await applyFile(scene, 'mistake.yaml').then(
    () => '',
    (error: unknown) => (error instanceof Fault ? error.message : Promise.reject(error)),
  )
  const sentence = /denied the request: (.*)/.exec(refusal)?.[1]
  if (sentence === undefined)
    throw notObserved(`a pool that overlaps first-pool was not refused by a webhook: ${refusal}`)
  tell(`kubectl apply: second-pool is refused: ${sentence}`)
  return 'an overlapping pool is refused, and the reason is told'
}

async function deleteLeader(scene: Scene, tell: Tell): Promise<string> {
  const [mark, first] = [scene.visitor.mark(), await leader(scene)]
  const startMs = performance.now()
  await kubectl(scene, '-n', 'metallb-system', 'delete', 'pod', first, '--wait=false')
  tell(`kubectl delete pod ${first}, which leads`)
  const next = await leader(scene, (holder) => holder !== first)
  const tookMs = Math.round(performance.now() - startMs)
  tell(`${next} holds the Lease, ${tookMs} ms later`)
  await applyFile(scene, 'late.yaml')
  const address = await addressOf(scene, 'late')
  if (address !== LATE_ADDRESS) throw notObserved(`the next free address is ${LATE_ADDRESS}, not ${address}`)
  tell(`kubectl apply: Service late; it has EXTERNAL-IP ${address}`)
  await untilQuiet(scene)
  tell(`client: ${noneFailed(scene, mark)}`)
  return `led on after ${tookMs} ms, and no visit failed`
}

async function deleteSpeaker(scene: Scene, tell: Tell): Promise<string> {
  const [mark, owner] = [scene.visitor.mark(), await answererOf(scene, ADDRESS)]
  const first = await speakerOn(scene, owner, () => true)
  const startMs = performance.now()
  await kubectl(scene, '-n', 'metallb-system', 'delete', 'pod', first, '--wait=false')
  tell(`kubectl delete pod ${first}, which announces ${ADDRESS} from ${owner}`)
  const next = await speakerOn(scene, owner, (pod) => isPodReady(pod) && nameOf(pod) !== first)
  tell(`${next} is ready there, ${Math.round(performance.now() - startMs)} ms later`)
  await untilQuiet(scene)
  tell(`client: sent on to the MAC address that it knew; ${noneFailed(scene, mark)}`)
  const answerer = await answererOf(scene, ADDRESS)
  tell(`client: who has ${ADDRESS}? ${answerer} answers`)
  return `no visit failed, and ${answerer} answers again`
}

async function stopNode(scene: Scene, tell: Tell): Promise<string> {
  const [owner, owners] = [await answererOf(scene, ADDRESS), await ownersOf(scene)]
  const victim = scene.nodes.find(({ name }) => !owners.has(name)) ?? scene.nodes.find(({ name }) => name !== owner)
  if (!victim) throw notObserved('every node announces an address')
  const [mark, startMs] = [scene.visitor.mark(), performance.now()]
  await victim.powerOff()
  tell(`${victim.name} has no power any more; ${owner} announces`)
  const place = { path: '/api/v1/nodes', name: victim.name }
  await seen(scene, place, (node) => !isReady(node), `${victim.name} is not Ready`)
  tell(`Kubernetes notices after ${Math.round(performance.now() - startMs)} ms, and leads nobody to its Pods any more`)
  tell(`client: until then, while a third of the Pods are dead: ${describe(scene.visitor.since(mark))}`)
  const later = await untilServed(scene)
  const still = await answererOf(scene, ADDRESS)
  if (still !== owner) throw notObserved(`${still} answers for ${ADDRESS}, though ${owner} never stopped`)
  tell(`client: ${owner} answers as before; ${describe(later)}`)
  await kubectl(scene, 'delete', 'node', victim.name, '--wait=false')
  tell(`kubectl delete node ${victim.name}, as with a machine that does not come back`)
  return `${owner} goes on announcing, and no visit fails once Kubernetes knows`
}

async function loseOwner(scene: Scene, tell: Tell): Promise<string> {
  const owner = await answererOf(scene, ADDRESS)
  const machine = scene.nodes.find(({ name }) => name === owner)
  const [heard, startMs] = [scene.neighbors.mark(), performance.now()]
  await machine?.powerOff()
  tell(`${owner}, which announces ${ADDRESS}, has no power any more`)
  let next = await announcerOf(scene, ADDRESS, heard)
  while (next === owner) next = await announcerOf(scene, ADDRESS, scene.neighbors.mark())
  const tookMs = Math.round(performance.now() - startMs)
  tell(`client: ${next} announces ${ADDRESS}, ${tookMs} ms after the power went`)
  const asked = scene.neighbors.mark()
  const answerer = await answererOf(scene, ADDRESS)
  if (answerer !== next) throw notObserved(`${answerer} answers for ${ADDRESS}, which ${next} announced`)
  const claimants = scene.neighbors.claimants(ADDRESS, asked)
  if (claimants.size > 1) throw notObserved(`more than one node answers for ${ADDRESS}: ${[...claimants].join(', ')}`)
  tell(`client: who has ${ADDRESS}? ${answerer} answers, and nobody else`)
  return `${next} took over after ${tookMs} ms`
}

async function deleteService(scene: Scene, tell: Tell): Promise<string> {
  scene.visitor.stop()
  await kubectl(scene, '-n', 'default', 'delete', 'service', 'web', 'late')
  tell('kubectl delete service web late')
  await until(
    async () => ((await scene.neighbors.ask(ADDRESS)) === null ? true : undefined),
    () => `somebody still answers for ${ADDRESS}`,
    PATIENCE_MS,
  )
  return `nobody answers for ${ADDRESS} any more`
}

function nameOf(pod: unknown): unknown {
  return fieldAt(pod, 'metadata', 'name')
}

/** The nodes that answer for the addresses of the story. */
async function ownersOf(scene: Scene): Promise<Set<string>> {
  return new Set([await answererOf(scene, ADDRESS), await answererOf(scene, LATE_ADDRESS)])
}

/** Resolves with the first while in which no visit failed: what Kubernetes knows reaches kube-proxy a little later. */
async function untilServed({ visitor }: Scene): Promise<Visits> {
  return await until(
    async () => {
      const mark = visitor.mark()
      await sleep(QUIET_MS)
      const visits = visitor.since(mark)
      return visits.failed === 0 && visits.answered > 0 ? visits : undefined
    },
    () => 'visits go on failing though Kubernetes knows that the node is gone',
    PATIENCE_MS,
  )
}

/** Lets the client go on for a while after all that was done. */
async function untilQuiet(scene: Scene): Promise<void> {
  const mark = scene.visitor.mark()
  await sleep(QUIET_MS)
  if (scene.visitor.since(mark).answered === 0) throw notObserved('the client gets no answers any more')
}

function noneFailed({ visitor }: Scene, mark: number): string {
  const visits = visitor.since(mark)
  if (visits.failed > 0) throw notObserved(`the client missed its page: ${describe(visits)}`)
  return describe(visits)
}

/** Repeats what the API server refuses because a webhook cannot be reached yet. */
async function untilAccepted(work: () => Promise<void>): Promise<void> {
  let last = ''
  await until(
    () =>
      work().then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof Fault)) throw error
          last = error.message
          return undefined
        },
      ),
    () => `the API server does not accept it: ${last}`,
    PATIENCE_MS,
  )
}
