// SPDX-License-Identifier: Apache-2.0
/** The scenery of the demo with the Service of examples/basics-health, and one like it that asks for another port. */
import assert from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../lab/host.ts'
import { apply } from '../../lab/manifests.ts'
import { Program } from '../../lab/program.ts'
import { readText } from '../../lab/read-text.ts'
import { BASICS, buildStage, type Stage } from '../../lab/stage.ts'
import { rankingOf } from '../../src/plan/election.ts'
import { Prober } from './failover-prober.ts'

const ROOT = join(import.meta.dirname, '../..')
const HEALTH = join(ROOT, 'examples/basics-health/service.yaml')
const RESPONDER = join(import.meta.dirname, 'health-responder.ts')
const READY_MS = 20_000

export class HealthScene {
  readonly stage: Stage
  readonly #programs = new Map<string, Program>()

  /** `build` makes one. */
  constructor(stage: Stage) {
    this.stage = stage
  }

  /** Controller and speakers run; there is no Service yet. */
  static async build(directory: string): Promise<HealthScene> {
    const stage = await buildStage(directory, undefined)
    apply(join(BASICS, 'pool.yaml'), stage.manifests)
    return new HealthScene(stage)
  }

  /** The example as it is. */
  serveExample(): void {
    apply(HEALTH, this.stage.manifests)
  }

  /** The example's Service under another name, with another port to check, and the same endpoints. */
  serveAnother(name: string, port: number): void {
    const service = changed(readFileSync(HEALTH, 'utf8'), 'nginx-service', name)
    const own = changed(changed(service, '"8080"', `"${port}"`), /^ +nodePort: .*\n/gm, '')
    const machines = readFileSync(join(BASICS, 'machines.yaml'), 'utf8')
    const slice = machines.split(/^---\n/m).find((document) => document.includes('kind: EndpointSlice'))
    assert(slice)
    const incoming = `${this.stage.manifests}.another`
    writeFileSync(incoming, `${own}---\n${changed(slice, 'nginx-service', name)}`)
    renameSync(incoming, join(this.stage.manifests, `${name}.yaml`))
  }

  /** Nodes in the order in which they would answer for an address. */
  orderFor(ip: string): Host[] {
    const { nodes } = this.stage
    const ranking = rankingOf({ candidates: nodes.map(({ name }) => name), ads: [], ip })
    return ranking.flatMap((name) => nodes.find((node) => node.name === name) ?? [])
  }

  /** Lets a port of the node's own address be answered; resolves when it is. */
  async answer(node: Host, port: number): Promise<void> {
    const name = `responder-${port}-${node.name}`
    const command = [process.execPath, RESPONDER, node.plan.address, String(port)]
    const responder = new Program({ name, host: node, command }, this.stage.directory)
    this.#programs.set(name, responder)
    await responder.said('ready', READY_MS)
  }

  /** Ends the one that answers there; resolves when nobody does. */
  async hush(node: Host, port: number): Promise<void> {
    const responder = this.#programs.get(`responder-${port}-${node.name}`)
    assert(responder)
    responder.signal('SIGKILL')
    await responder.ended()
  }

  speaker(node: Host): Program {
    const speaker = this.stage.speakers[this.stage.nodes.indexOf(node)]
    assert(speaker)
    return speaker
  }

  /** Ends the node's speaker as a Pod is ended, and starts the next; resolves when it answers for what is its own. */
  async restart(node: Host): Promise<void> {
    this.speaker(node).signal('SIGTERM')
    await this.speaker(node).ended()
    const { directory, manifests } = this.stage
    const place = ['--node-name', node.name, '--run-dir', join(directory, `run-${node.name}`)]
    const ring = ['--ml-bindaddr', node.plan.address]
    const command = [join(ROOT, 'bin/metallb'), 'speaker', '--manifests', manifests, ...place, ...ring]
    await new Program({ name: `again-${node.name}`, host: node, command }, directory).said('"msg":"ready"', READY_MS)
  }

  /** What the node's first speaker has logged as this event. */
  logged(node: Host, event: string): Readonly<Record<string, unknown>>[] {
    const lines = (readText(join(this.stage.directory, `speaker-${node.name}.log`)) ?? '').split('\n')
    return lines.flatMap((line) => (line.includes(`"event":"${event}"`) ? [JSON.parse(line)] : []))
  }

  /** A client that asks for an address all the time. */
  async watch(ip: string): Promise<Prober> {
    const prober = new Prober(this.stage.client, [ip], 10_000)
    await prober.ready()
    return prober
  }
}

function changed(text: string, from: string | RegExp, to: string): string {
  const result = text.replaceAll(from, to)
  assert.notEqual(result, text, `there is no ${String(from)} in it`)
  return result
}
