// SPDX-License-Identifier: Apache-2.0
/**
 * What the client sees. Each question waits until its answer is there; when the answer does not come, the sentence
 * says so and names the component whose work it is, after a look at those before it in the chain.
 */
import type { Page } from './backends.ts'
import { lookAlongTheWay, lookAtController, lookAtForwarding, lookAtResponder } from './diagnose.ts'
import { nodeOf, type Stage } from './stage.ts'
import { type Condition, readServiceEvents, readServiceStatus, type ServiceEvent } from './status.ts'
import { DEADLINE_MS, until } from './wait.ts'

const PATIENCE = `in ${DEADLINE_MS / 1000} s`

/** The address that the controller wrote into a Service of namespace default. */
export async function addressOf(stage: Stage, service: string): Promise<string> {
  return await until(
    () => readServiceStatus(stage.manifests, 'default', service).addresses[0],
    () => `Service default/${service} got no address ${PATIENCE}. ${lookAtController(stage)}`,
  )
}

/** What tells a user why a Service has no address: its condition, and the event that `kubectl describe` shows. */
export async function refusalOf(
  stage: Stage,
  service: string,
): Promise<Readonly<{ condition: Condition; event: ServiceEvent }>> {
  return await until(
    () => {
      const condition = readServiceStatus(stage.manifests, 'default', service).conditions.find(isRefusal)
      const event = readServiceEvents(stage.manifests, 'default', service).find(({ type }) => type === 'Warning')
      return condition && event && { condition, event }
    },
    () =>
      `Service default/${service} has no address, and its condition metallb.io/AddressAssigned and a Warning event ` +
      `should say why; they do not. ${lookAtController(stage)}`,
  )
}

/** Who tells the client of an address without being asked. */
export async function announcerOf(stage: Stage, ip: string, mark: number): Promise<string> {
  const { mac } = await stage.neighbors.announced(
    ip,
    mark,
    () => `No gratuitous announcement of ${ip} reached the client ${PATIENCE}. ${lookAtResponder(stage)}`,
  )
  return mac
}

/** Who answers the client's question for an address. */
export async function answererOf(stage: Stage, ip: string): Promise<string> {
  const { mac } = await until(
    async () => (await stage.neighbors.ask(ip)) ?? undefined,
    () => `The client asked who has ${ip}, and no node answered ${PATIENCE}. ${lookAtResponder(stage)}`,
  )
  return mac
}

/** Resolves when the client asks for an address and nobody answers. */
export async function silence(stage: Stage, ip: string): Promise<void> {
  let answerer = ''
  await until(
    async () => {
      const answer = await stage.neighbors.ask(ip)
      answerer = answer ? nodeOf(stage, answer.mac) : ''
      return answer ? undefined : true
    },
    () => `Nobody should have ${ip}, and ${answerer} still answers for it. ${lookAtResponder(stage)}`,
  )
}

/** The page that the client gets at `ip:port`, once it is the one expected. */
export async function pageAt(stage: Stage, at: string, expected: (page: Page) => boolean = () => true): Promise<Page> {
  let last = ''
  return await until(
    async () => {
      const answer = await stage.client.fetch(`http://${at}/`)
      last = answer.ok ? `an answer of ${answer.body.trim()}` : answer.reason
      const page: Page | undefined = answer.ok ? JSON.parse(answer.body) : undefined
      return page && expected(page) ? page : undefined
    },
    async () =>
      `The client asked for http://${at}/ and got no page of the right Pod ${PATIENCE}, but: ${last}. ` +
      (await lookAlongTheWay(stage, at)),
  )
}

/** Resolves when the client's connection to `ip:port` is refused. */
export async function refusedAt(stage: Stage, at: string): Promise<void> {
  let last = ''
  await until(
    async () => {
      const answer = await stage.client.fetch(`http://${at}/`)
      last = answer.ok ? answer.body.trim() : answer.reason
      return last.includes('ECONNREFUSED') ? true : undefined
    },
    async () =>
      `No Service has ${at} any more, and the client still gets: ${last}. ` +
      (await Promise.all(stage.nodes.map((node) => lookAtForwarding(node)))).join(' '),
  )
}

function isRefusal({ type, status }: Condition): boolean {
  return type === 'metallb.io/AddressAssigned' && status === 'False'
}
