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
import { parseClasses as commaSeparated } from '../../model/service.ts'
import type { DaemonOptions, SpeakerCliOptions } from '../daemon.ts'
import type { CheckOptions } from './check/main.ts'
import { OUTPUT_FORMATS } from './check/output-formats.ts'
import { EXIT } from './exit.ts'
import { SIMULATE_HELP } from './simulate/help.ts'

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
  judging(program, 'check')
    .description('Says everything that is wrong with manifests: files, directories, or - for stdin. Needs no cluster.')
    .option('--strict', 'exit with status 1 for warnings, too', false)
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(OUTPUT_FORMATS).default('text'))
    .option('--pod-network <cidr,...>', 'network of the Pods, which no pool may overlap', commaSeparated, [])
    .option('--service-network <cidr,...>', 'network of the cluster IPs, the same', commaSeparated, [])
    .action(async (paths: string[], options: CheckOptions) => (await import('./check/main.ts')).main(paths, options))
  program
    .command('simulate')
    .usage('PATH... [--then PATH...]... [--delete KIND/NAMESPACE/NAME]... [options]')
    .description('Says what manifests would do, without a cluster: addresses, who answers, routes, and why not.')
    .argument('[arguments...]')
    // What follows --then belongs to it: simulate reads its arguments itself, in their order.
    .allowUnknownOption()
    .configureHelp({
      formatHelp: (command) => `Usage: metallb simulate ${command.usage()}\n\n${command.description()}\n`,
    })
    .action(async (args: string[]) => (await import('./simulate/main.ts')).main(args))
    .addHelpText('after', SIMULATE_HELP)
  return program
}

/** A program that judges manifests; unusable arguments have an exit status of their own. */
function judging(program: Command, name: string): Command {
  return program
    .command(name)
    .argument('<path...>')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.fine : EXIT.unusable))
    .addOption(namespaceOption())
    .addOption(classOption())
}

function daemon(program: Command, name: string): Command {
  return program
    .command(name)
    .requiredOption(
      '--manifests <dir>',
      'directory of YAML or JSON manifests to take objects from, instead of a cluster',
    )
    .addOption(namespaceOption())
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addOption(classOption())
}

function namespaceOption(): Option {
  return new Option('--namespace <name>', 'where metallb.io objects count')
    .env('METALLB_NAMESPACE')
    .default('metallb-system')
}

function classOption(): Option {
  return new Option(
    '--lb-class <class,...>',
    'loadBalancerClasses to handle; without it: none, and all under metallb.io/',
  )
    .argParser(commaSeparated)
    .default([])
}
