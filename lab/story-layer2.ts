// SPDX-License-Identifier: Apache-2.0
/** The demo's first act: the life of an address on Layer 2, step by step, each step seen by the client. */
import { join } from 'node:path'
import { apply, remove } from './manifests.ts'
import { addressOf, announcerOf, answererOf, pageAt, refusalOf, refusedAt, silence } from './observe.ts'
import type { Step, Tell } from './play.ts'
import { BASICS, FULL, nodeOf, SHARE, type Stage } from './stage.ts'
import { notObserved } from './wait.ts'

const ADDRESS = '192.168.1.240'
const NEXT_ADDRESS = '192.168.1.241'

export const LAYER2_STORY: readonly Step<Stage>[] = [
  { name: 'the network works', play: seeNetwork },
  { name: 'a Service gets an address', play: applyBasics },
  { name: 'one node answers for it', play: askForAddress },
  { name: 'a request reaches the Pods', play: requestPages },
  { name: 'its node dies, another answers', play: killOwner },
  { name: 'two Services share the address', play: shareAddress },
  { name: 'a third finds the pool full', play: fillPool },
  { name: 'a deleted Service stops', play: deleteSharer },
  { name: 'freed room goes to who waits', play: deleteOwner },
  { name: 'a withdrawn address is silent', play: deleteLast },
]

async function seeNetwork(stage: Stage, tell: Tell): Promise<string> {
  for (const { name, plan } of stage.nodes) {
    const answer = await stage.neighbors.ask(plan.address)
    if (answer?.mac !== plan.mac) throw notObserved(`${name} does not answer for its own address ${plan.address}.`)
    tell(`client: ${plan.address} is ${name}, MAC ${plan.mac}`)
  }
  await silence(stage, ADDRESS)
  return `3 nodes answer; nobody has ${ADDRESS} yet`
}

async function applyBasics(stage: Stage, tell: Tell): Promise<string> {
  const mark = stage.neighbors.mark()
  tell('applied: pool first-pool (192.168.1.240-192.168.1.250), its L2Advertisement, Service nginx-service')
  for (const file of ['pool.yaml', 'deployment.yaml', 'service.yaml']) apply(join(BASICS, file), stage.manifests)
  const address = await addressOf(stage, 'nginx-service')
  tell(`controller: default/nginx-service has EXTERNAL-IP ${address}`)
  const mac = await announcerOf(stage, address, mark)
  tell(`client: heard, without asking, that ${address} is at ${mac}, which is ${nodeOf(stage, mac)}`)
  if (address !== ADDRESS) throw notObserved(`The first address of the pool is ${ADDRESS}, not ${address}.`)
  return `announced: ${address} is at ${mac} (${nodeOf(stage, mac)})`
}

async function askForAddress(stage: Stage, tell: Tell): Promise<string> {
  const mark = stage.neighbors.mark()
  const mac = await answererOf(stage, ADDRESS)
  tell(`client: who has ${ADDRESS}? ${nodeOf(stage, mac)} answers: ${mac}`)
  await silence(stage, NEXT_ADDRESS)
  const claimants = stage.neighbors.claimants(ADDRESS, mark)
  if (claimants.size > 1) throw notObserved(`More than one node answers for ${ADDRESS}: ${[...claimants].join(', ')}.`)
  return `${mac} (${nodeOf(stage, mac)}) and nobody else`
}

async function requestPages(stage: Stage, tell: Tell): Promise<string> {
  const pods = new Set<string>()
  for (const _ of stage.nodes) {
    const { pod, node, client } = await pageAt(stage, `${ADDRESS}:80`)
    tell(`client: GET http://${ADDRESS}/ is answered by ${pod} on ${node}, which sees ${client}`)
    pods.add(pod)
  }
  return `3 requests, answered by ${pods.size} Pods`
}

async function killOwner(stage: Stage, tell: Tell): Promise<string> {
  const before = await answererOf(stage, ADDRESS)
  const owner = nodeOf(stage, before)
  const speaker = stage.speakers[stage.nodes.findIndex(({ name }) => name === owner)]
  const killedMs = performance.now()
  speaker?.signal('SIGKILL')
  tell(`killed: the speaker of ${owner}, which has no time to say so`)
  let mac = before
  while (mac === before) mac = await announcerOf(stage, ADDRESS, stage.neighbors.mark())
  const ms = Math.round(performance.now() - killedMs)
  tell(`client: heard after ${ms} ms that ${ADDRESS} is at ${mac}, which is ${nodeOf(stage, mac)}`)
  const answerer = await answererOf(stage, ADDRESS)
  if (answerer !== mac) throw notObserved(`${ADDRESS} was announced by ${mac} and is answered by ${answerer}.`)
  const { pod } = await pageAt(stage, `${ADDRESS}:80`)
  tell(`client: GET http://${ADDRESS}/ is answered by ${pod}`)
  return `${nodeOf(stage, mac)} announced it ${ms} ms after ${owner} was gone`
}

async function shareAddress(stage: Stage, tell: Tell): Promise<string> {
  tell('applied: Service nginx-metrics, port 9113; both Services say metallb.io/allow-shared-ip: nginx')
  for (const file of ['service.yaml', 'metrics.yaml']) apply(join(SHARE, file), stage.manifests)
  const address = await addressOf(stage, 'nginx-metrics')
  tell(`controller: default/nginx-metrics has EXTERNAL-IP ${address}`)
  if (address !== ADDRESS) throw notObserved(`default/nginx-metrics does not share ${ADDRESS}, it has ${address}.`)
  const metrics = await pageAt(stage, `${ADDRESS}:9113`, ({ port }) => port === 9113)
  tell(`client: GET http://${ADDRESS}:9113/ is answered by ${metrics.pod}, port 9113`)
  const pages = await pageAt(stage, `${ADDRESS}:80`, ({ port }) => port === 80)
  tell(`client: GET http://${ADDRESS}/ is answered by ${pages.pod}, port 80`)
  return `${ADDRESS} answers on port 80 and on port 9113`
}

async function fillPool(stage: Stage, tell: Tell): Promise<string> {
  tell(`applied: first-pool narrowed to ${ADDRESS}/32, then Service blog, which shares with nobody`)
  for (const file of ['pool.yaml', 'blog.yaml']) apply(join(FULL, file), stage.manifests)
  const { condition, event } = await refusalOf(stage, 'blog')
  tell('controller: default/blog has EXTERNAL-IP <pending>, and says why:')
  tell(`  event      ${event.type} ${event.reason}: ${event.message}`)
  tell(`  condition  ${condition.type} ${condition.status} (${condition.reason}): ${condition.message}`)
  await silence(stage, NEXT_ADDRESS)
  const { pod } = await pageAt(stage, `${ADDRESS}:80`)
  tell(`client: nobody has ${NEXT_ADDRESS}; GET http://${ADDRESS}/ is still answered by ${pod}`)
  return `blog is nowhere; ${ADDRESS} still answers for nginx-service`
}

async function deleteSharer(stage: Stage, tell: Tell): Promise<string> {
  tell('deleted: Service nginx-metrics')
  remove('metrics.yaml', stage.manifests)
  await refusedAt(stage, `${ADDRESS}:9113`)
  tell(`client: GET http://${ADDRESS}:9113/ is refused`)
  const mac = await answererOf(stage, ADDRESS)
  const { pod } = await pageAt(stage, `${ADDRESS}:80`)
  tell(`client: ${ADDRESS} is still at ${nodeOf(stage, mac)}, GET http://${ADDRESS}/ still answered by ${pod}`)
  return `port 9113 is refused, port 80 still answers`
}

async function deleteOwner(stage: Stage, tell: Tell): Promise<string> {
  tell('deleted: Service nginx-service, the last one on the address; blog still waits')
  remove('service.yaml', stage.manifests)
  const address = await addressOf(stage, 'blog')
  tell(`controller: default/blog has EXTERNAL-IP ${address}`)
  const { pod, node } = await pageAt(stage, `${address}:80`, (page) => page.pod.startsWith('blog'))
  tell(`client: GET http://${address}/ is answered by ${pod} on ${node}`)
  return `${address} answers with blog's page`
}

async function deleteLast(stage: Stage, tell: Tell): Promise<string> {
  tell('deleted: Service blog')
  remove('blog.yaml', stage.manifests)
  await silence(stage, ADDRESS)
  tell(`client: who has ${ADDRESS}? Nobody answers`)
  return `nobody answers for ${ADDRESS} any more`
}
