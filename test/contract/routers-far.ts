// SPDX-License-Identifier: Apache-2.0
/** The other side of routers-kernel.ts, in a namespace of its own: prints its neighbour on an interface whenever it changes. */
import { systemClock } from '../../src/lib/clock.ts'
import { openLinks } from '../../src/os/links.ts'
import { openRouters } from '../../src/os/routers.ts'

const [, , name = ''] = process.argv
const links = openLinks()
const routers = openRouters({
  links,
  clock: systemClock,
  random: Math.random,
  onOthers: () => undefined,
  onFault: (fault) => console.error(fault.message),
})
routers.onChange(() => console.log(routers.neighbour(name) ?? 'nobody'))
routers.watch([name])
console.log('ready')
process.stdin.resume().on('end', () => process.exit(0))
