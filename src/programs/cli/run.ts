// SPDX-License-Identifier: Apache-2.0
/** The command line's programs, each loaded when it is asked for, so that `--help` is quick. */
import { Command, Option } from 'commander'
import { VERSION } from '../../lib/version.ts'
import { parseClasses as commaSeparated } from '../../model/service.ts'
import type { CheckOptions } from './check/main.ts'
import { OUTPUT_FORMATS } from './check/output-formats.ts'
import { EXIT } from './exit.ts'
import type { PeersOptions } from './peers/main.ts'
import { SIMULATE_HELP } from './simulate/help.ts'
import type { VtyshOptions } from './vtysh/main.ts'

/** Parses argv and runs the program it names; throws the Fault of one that cannot. */
export async function run(argv: readonly string[]): Promise<void> {
  await metallb().parseAsync([...argv])
}

function metallb(): Command {
  const program = new Command('metallb')
    .description('A load balancer for bare-metal Kubernetes.')
    .version(VERSION)
    .showHelpAfterError('(metallb --help lists what there is)')
  // Listed here for --help; start.ts recognises them before anything of this file is loaded.
  program.command('controller').description('Gives Services of type LoadBalancer their addresses. A daemon.')
  program
    .command('speaker')
    .description('Makes the network send traffic for them to this node. A daemon, one per node.')
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
  asking(program)
  return program
}

/** Programs that ask the daemon that runs on this machine. */
function asking(program: Command): void {
  program
    .command('peers')
    .argument('[name]')
    .description('Shows the BGP peers of this node, or all about one of them and its routes. Asks the speaker here.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.fine : EXIT.unusable))
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .addOption(runDirOption())
    .action(async (name: string | undefined, options: PeersOptions) =>
      (await import('./peers/main.ts')).main(name, options),
    )
  program
    .command('vtysh')
    .description('Answers a few questions as the shell of a router would, such as -c "show bgp summary".')
    .option('-c, --command <words>', 'what to do; any number of times', (text, all: string[]) => [...all, text], [])
    .addOption(runDirOption())
    .action(async (options: VtyshOptions) => (await import('./vtysh/main.ts')).main(options))
}

function runDirOption(): Option {
  return new Option('--run-dir <directory>', 'where the daemon has its local socket')
    .env('METALLB_RUN_DIR')
    .default('/run/metallb')
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
