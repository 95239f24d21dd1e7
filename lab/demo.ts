// SPDX-License-Identifier: Apache-2.0
/** `make demo`: the real programs on a small network, and a client that sees them work. Exit code 0 only if it did. */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault, reasonOf } from '../src/lib/fault.ts'
import { play, teller } from './play.ts'
import { reportOutcome, runInSandbox, sandboxDirectory, settleIn } from './sandbox.ts'
import { BREAKABLE, type Breakable, buildStage, type Stage } from './stage.ts'
import { STORY } from './story.ts'
import { table } from './table.ts'

const USAGE = `usage: demo [--keep] [--break ${BREAKABLE.join('|')}]
  --keep    leave the network running at the end, until Ctrl-C
  --break   switch one component off, to see the demo fail and name it`

type Options = { keep: boolean; broken: Breakable | undefined }

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
    const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false }, break: { type: 'string' } } })
    const broken = BREAKABLE.find((name) => name === values.break)
    return values.break === broken ? { keep: values.keep, broken } : undefined
  } catch {
    return undefined
  }
}

async function perform(directory: string, { keep, broken }: Options): Promise<number> {
  const tell = teller()
  tell('a switch, three nodes and a client, in namespaces of their own')
  tell('on the nodes nftables rules made by the lab from the EndpointSlices stand in for kube-proxy')
  const stage = await buildStage(directory, broken)
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
async function stay({ directory, manifests }: Stage, ok: boolean): Promise<never> {
  reportOutcome(ok ? 0 : 1)
  const enter = `lab/enter ${basename(directory)}`
  process.stdout.write(`
It keeps running until Ctrl-C. Edit the manifests in ${manifests}: the programs follow.
The logs are beside them. In another terminal, to look from a host (client, node-1, node-2, node-3):
  cp examples/basics/*.yaml ${manifests}/
  ${enter} client curl -s http://192.168.1.240/
  ${enter} client ip neigh
  ${enter} node-1 nft list ruleset
`)
  return await new Promise<never>(() => {})
}

process.exitCode = await main()
if (sandboxDirectory() !== undefined) process.exit()
