// SPDX-License-Identifier: Apache-2.0
/** A host in a network namespace of its own: the kernel there is the client. Opened before its wire is made. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { inNamespace, ip, until } from './wire-namespace.ts'
import { cleanUps } from './wire-running.ts'

export class Client {
  readonly #pid: () => string

  constructor(pid: () => string) {
    this.#pid = pid
  }

  static async open(): Promise<Client> {
    const [program, args] = inNamespace(['sleep', '120'])
    const holder = spawn(program, args, { stdio: 'ignore' })
    cleanUps.push(() => holder.kill('SIGKILL'))
    const pid = () => readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim()
    await until(() => pid() !== '', 'the client')
    return new Client(pid)
  }

  /** Takes an interface of this namespace, with addresses that are in use at once. */
  take(name: string, ...addresses: readonly string[]): void {
    ip('link', 'set', name, 'netns', this.#pid())
    this.run('sysctl', '-qw', `net.ipv6.conf.${name}.disable_ipv6=0`, `net.ipv6.conf.${name}.router_solicitations=0`)
    for (const address of addresses) {
      this.run('ip', 'address', 'add', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : []))
    }
    this.run('ip', 'link', 'set', name, 'up')
  }

  /** The output of a command there; throws if it fails. */
  run(...command: readonly string[]): string {
    return execFileSync('nsenter', this.command(...command), { encoding: 'utf8' })
  }

  /** What `nsenter` is to be told to run a command there. */
  command(...command: readonly string[]): string[] {
    return ['-n', '-t', this.#pid(), ...command]
  }

  /** The neighbour entry of an address as `ip neigh` prints it. */
  neighbor(address: string): string {
    return this.run('ip', 'neigh', 'show', address)
  }
}
