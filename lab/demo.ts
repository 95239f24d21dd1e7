// SPDX-License-Identifier: Apache-2.0
/** `make demo`: the real programs on a small network, and a client that sees them work. Exit code 0 only if it did. */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault, reasonOf } from '../src/lib/fault.ts'
import { play, teller } from './play.ts'
import { reportOutcome, runInSandbox, sandboxDirectory, settleIn } from './sandbox.ts'
import { BREAKABLE, type Breakable, buildStage, METALLB, runDirectory, type Stage } from './stage.ts'
import { STORY } from './story.ts'
import { table } from './table.ts'
import { UPLINK_KINDS, type UplinkKind } from './uplink-plans.ts'

const USAGE = `usage: demo [--keep] [--routers ${UPLINK_KINDS.join('|')}] [--break ${BREAKABLE.join('|')}]
  --keep    leave the network running at the end, until Ctrl-C
  --routers what the routers are: FRR where it is installed and can run, else BIRD
  --break   switch one component off, to see the demo fail and name it`

type Options = { keep: boolean; broken: Breakable | undefined; routers: UplinkKind | undefined }

async function main(): Promise<number> {
  const options = readOptions()
  if (!options) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  try {
    const directory = sandboxDirectory()
    if (directory === undefined) return await runInSandbox(import.meta.filename, process.argv.slice(2))
    await settleIn()
    return await perform(directory, options)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    process.stdout.write(`\n${reasonOf(error)}\n`)
    return 1
  }
}

function readOptions(): Options | undefined {
  try {
    const word = { type: 'string' } as const
    const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false }, routers: word, break: word } })
    const broken = BREAKABLE.find((name) => name === values.break)
    const routers = UPLINK_KINDS.find((name) => name === values.routers)
    return values.break === broken && values.routers === routers ? { keep: values.keep, broken, routers } : undefined
  } catch {
    return undefined
  }
}

async function perform(directory: string, { keep, broken, routers }: Options): Promise<number> {
  const tell = teller()
  tell('a switch, three nodes, three routers and a client, in namespaces of their own')
  tell('on the nodes nftables rules made by the lab from the EndpointSlices stand in for kube-proxy')
  const stage = await buildStage(directory, { broken, routers })
  tell('controller and three speakers are ready, each a process; a speaker has CAP_NET_RAW and no other capability')
  if (broken) tell(`switched off: ${broken}`)
  const rows = await play(STORY, stage, tell)
  const ok = rows.every(({ outcome }) => outcome === 'ok')
  process.stdout.write(`\n${table(rows)}\n`)
  if (keep) await stay(stage, ok)
  if (!ok) process.stdout.write('\nWith --keep the network and the logs stay, to look around.\n')
  return ok ? 0 : 1
}

/** Leaves everything running; ends with the sandbox. */
async function stay({ directory, manifests, uplinks }: Stage, ok: boolean): Promise<never> {
  reportOutcome(ok ? 0 : 1)
  const enter = `lab/enter ${basename(directory)}`
  process.stdout.write(`
It keeps running until Ctrl-C. Edit the manifests in ${manifests}: the programs follow.
The logs are beside them. In another terminal, to look from a host (client, node-1 to -3, router-1 to -3):
  ${enter} client curl -s http://198.51.100.240/
  ${enter} router-1 ip route
  ${enter} router-1 ${uplinks[0]?.question}
  ${enter} node-2 ${METALLB} peers --run-dir ${runDirectory(manifests, 'node-2')}
  ${enter} node-2 nft list ruleset
`)
  return await new Promise<never>(() => {})
}

process.exitCode = await main()
if (sandboxDirectory() !== undefined) process.exit()
