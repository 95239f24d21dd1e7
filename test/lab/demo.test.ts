// SPDX-License-Identifier: Apache-2.0
/**
 * `make demo` as a user runs it: it passes, it fails and names the component when one is off, and whatever ends it,
 * nothing of it stays. Needs what the demo needs, and fails where the demo does.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { STORY } from '../../lab/story.ts'

const ROOT = join(import.meta.dirname, '../..')
const STEPS = STORY.map(({ name }) => name)
/** Root without the right to make namespaces: what an ordinary user has, and it may read the checkout. */
const WITHOUT_RIGHTS = ['setpriv', '--bounding-set', '-all,+setfcap', '--inh-caps', '-all']
const NO_MORE_NAMESPACES = [
  'unshare',
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"',
  'sh',
]

class Demo {
  readonly child: ChildProcess
  output = ''

  constructor(args: readonly string[], wrapper: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    const [program = '', ...rest] = [...wrapper, process.execPath, join(ROOT, 'lab/demo.ts'), ...args]
    this.child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(this.child)
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
  }

  get directory(): string {
    return join(tmpdir(), `metallb-lab-${this.child.pid}`)
  }

  /** Its exit code, null when a signal ended it. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close')
    running.delete(this.child)
    return this.child.exitCode
  }

  async said(words: string): Promise<void> {
    await eventually(
      `the demo says "${words}"`,
      () => this.output.includes(words),
      () => this.output,
    )
  }

  /** Processes of its sandbox that still live: all of them inherit the name of its directory. */
  processes(): string[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.filter((pid) => readOrNothing(`/proc/${pid}/environ`).includes(`${this.directory}\0`))
  }

  assertGone(): void {
    assert.deepEqual(this.processes(), [], 'processes are left')
    assert.ok(!existsSync(this.directory), `${this.directory} is left`)
    assert.deepEqual(namespaceNames(), NAMESPACES_BEFORE, 'named network namespaces are left')
  }
}

const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

const NAMESPACES_BEFORE = namespaceNames()

function namespaceNames(): string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns') : []
}

/** A process may end while we look at it. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function eventually(what: string, holds: () => boolean, detail = (): string => ''): Promise<void> {
  for (const deadline = performance.now() + 40_000; !holds(); await sleep(10))
    assert.ok(performance.now() < deadline, `not in 40 s: ${what}\n${detail()}`)
}

/** The outcome of each step of the table, by name. */
function outcomes(output: string): [string, string | undefined][] {
  const lines = output.split('\n')
  return STEPS.map((name) => [
    name,
    /(ok|FAILED|not tried)$/.exec(lines.find((line) => line.startsWith(name)) ?? '')?.[1],
  ])
}

const ALL_OK = STEPS.map((name) => [name, 'ok'])

const PASSING: [string, string[], string[]][] = [
  ['as we are', [], []],
  ['with BIRD for a router', ['--routers', 'bird'], []],
  ['without the rights of root, in a user namespace, where FRR cannot run', [], WITHOUT_RIGHTS],
]
for (const [name, args, wrapper] of PASSING) {
  test(`the demo passes ${name}: every step is seen, in under 30 s`, async () => {
    const startMs = performance.now()
    const demo = new Demo(args, wrapper)
    assert.equal(await demo.ended(), 0, demo.output)
    assert.deepEqual(outcomes(demo.output), ALL_OK)
    assert.ok(performance.now() - startMs < 30_000)
    if (name !== 'as we are') assert.match(demo.output, /router-1: BIRD /)
    demo.assertGone()
  })
}

const BROKEN: [string, string, RegExp][] = [
  [
    'controller',
    'a Service gets an address',
    /nginx-service got no address in 5 s\. Look at the controller: controller is stopped/,
  ],
  [
    'responder',
    'a Service gets an address',
    /No gratuitous announcement of 192\.168\.1\.240 [^]*Look at the responder[^]*speaker-node-1 is stopped/,
  ],
  [
    'forwarding',
    'a request reaches the Pods',
    /node-\d answers ARP and reaches every Pod\. Look at forwarding .* is not loaded/,
  ],
  [
    'sessions',
    'routers get sessions',
    /router-\d should have sessions with all nodes, and shows: node-1 \w+, [^]*Look at/,
  ],
]
for (const [component, step, sentence] of BROKEN) {
  test(`with the ${component} off the demo fails at "${step}" and names it`, async () => {
    const demo = new Demo(['--break', component])
    assert.equal(await demo.ended(), 1, demo.output)
    assert.match(demo.output, sentence)
    const at = STEPS.indexOf(step)
    const expected = STEPS.map((name, index) => [name, index < at ? 'ok' : index === at ? 'FAILED' : 'not tried'])
    assert.deepEqual(outcomes(demo.output), expected)
    demo.assertGone()
  })
}

for (const [when, words] of [
  ['in the middle', 'are ready'],
  ['while routers run', 'BGP is Established'],
] as const) {
  test(`Ctrl-C ${when} stops everything and removes the files`, async () => {
    const demo = new Demo([])
    await demo.said(words)
    assert.notDeepEqual(demo.processes(), [], 'there is something to stop')
    demo.child.kill('SIGINT')
    assert.equal(await demo.ended(), 130, demo.output)
    demo.assertGone()
  })
}

test('killed with SIGKILL it takes its processes along, and the next run removes its files', async () => {
  const killed = new Demo([])
  await killed.said('are ready')
  killed.child.kill('SIGKILL')
  assert.equal(await killed.ended(), null)
  await eventually('its processes are gone', () => killed.processes().length === 0)
  assert.ok(existsSync(killed.directory), 'nobody was left to remove the files')
  const next = new Demo(['--break', 'controller'])
  await next.said('a switch')
  next.child.kill('SIGTERM')
  assert.equal(await next.ended(), 143)
  killed.assertGone()
  next.assertGone()
})

test('with --keep it stays for lab/enter until Ctrl-C, which is then a success', async () => {
  const demo = new Demo(['--keep'])
  await demo.said('It keeps running until Ctrl-C')
  assert.deepEqual(outcomes(demo.output), ALL_OK)
  const enter = spawn(join(ROOT, 'lab/enter'), [
    `metallb-lab-${demo.child.pid}`,
    'client',
    'ip',
    '-brief',
    'address',
    'show',
    'eth0',
  ])
  let seen = ''
  enter.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text))
  await once(enter, 'close')
  assert.match(seen, /192\.168\.1\.100\/24/)
  demo.child.kill('SIGINT')
  assert.equal(await demo.ended(), 0, demo.output)
  demo.assertGone()
})

type Launch = ConstructorParameters<typeof Demo>
const REFUSALS: [string, Launch, number, RegExp][] = [
  [
    'where no namespaces can be made, it says how to allow them',
    [[], [...NO_MORE_NAMESPACES, ...WITHOUT_RIGHTS]],
    1,
    /lets us make none\. Run it as root/,
  ],
  [
    'where programs are missing, it names their packages',
    [[], [], { ...process.env, PATH: '/nonexistent' }],
    1,
    /apt-get install util-linux mount\n/,
  ],
  ['an unknown option is answered with the usage', [['--brake', 'controller']], 2, /^usage: demo \[--keep\]/],
  [
    'an unknown component is answered with those there are',
    [['--break', 'network']],
    2,
    /controller\|responder\|forwarding\|sessions/,
  ],
]
for (const [name, launch, code, sentence] of REFUSALS) {
  test(name, async () => {
    const demo = new Demo(...launch)
    assert.equal(await demo.ended(), code)
    assert.match(demo.output, sentence)
    assert.doesNotMatch(demo.output, /\n {4}at /, 'a stack trace')
    demo.assertGone()
  })
}
