// SPDX-License-Identifier: Apache-2.0
/**
 * The command line. Each program is loaded when it is asked for, so that `--help` is quick and no daemon pays for
 * another's modules. Whatever a program throws as a Fault is the user's to read: one line on stderr and exit status 1.
 */
import { Command, Option } from 'commander'
import { Fault } from '../../lib/fault.ts'
import { LOG_LEVELS } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { VERSION } from '../../lib/version.ts'
import { parseClasses } from '../../model/service.ts'
import type { DaemonOptions, SpeakerCliOptions } from '../daemon.ts'

/** Parses argv and starts the program it names. */
export function run(argv: readonly string[]): void {
  supervise(
    'metallb',
    metallb()
      .parseAsync([...argv])
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Fault)) throw thrown
        process.stderr.write(`metallb: ${thrown.message}\n`)
        process.exitCode = 1
      }),
  )
}

function metallb(): Command {
  const program = new Command('metallb')
    .description('A load balancer for bare-metal Kubernetes.')
    .version(VERSION)
    .showHelpAfterError('(metallb --help lists what there is)')
  daemon(program, 'controller')
    .description('Gives Services of type LoadBalancer their addresses. One per cluster.')
    .action(async (options: DaemonOptions) => (await import('../controller/main.ts')).main(options))
  daemon(program, 'speaker')
    .description('Makes the network send traffic for the addresses to this node. One per node.')
    .addOption(
      new Option('--node-name <name>', 'name of this node among the Nodes')
        .env('METALLB_NODE_NAME')
        .makeOptionMandatory(),
    )
    .option('--ignore-exclude-lb', 'announce also from nodes labelled exclude-from-external-load-balancers', false)
    .action(async (options: SpeakerCliOptions) => (await import('../speaker/main.ts')).main(options))
  return program
}

function daemon(program: Command, name: string): Command {
  return program
    .command(name)
    .requiredOption(
      '--manifests <dir>',
      'directory of YAML or JSON manifests to take objects from, instead of a cluster',
    )
    .addOption(
      new Option('--namespace <name>', 'where metallb.io objects count')
        .env('METALLB_NAMESPACE')
        .default('metallb-system'),
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .option(
      '--lb-class <class,...>',
      'loadBalancerClasses to handle; without it: none, and all under metallb.io/',
      parseClasses,
      [],
    )
}
