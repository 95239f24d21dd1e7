// SPDX-License-Identifier: Apache-2.0
/** `make cluster-demo` as a user runs it: it passes, and whatever ends it, nothing of it stays on the machine. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLUSTER_STORY } from '../../lab/whole-cluster/cluster-story.ts'

const ROOT = join(import.meta.dirname, '../..')
const CGROUPS = '/sys/fs/cgroup'
const PATIENCE_MS = 120_000
/** What a kubelet likes to set for the whole machine. */
const SETTINGS = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops', 'kernel/keys/root_maxkeys']

/** What `make cluster-demo` does first. */
before(() => execFileSync('make', ['image'], { cwd: ROOT, stdio: 'pipe' }))

class Demo {
  readonly child: ChildProcess
  output = ''

  constructor() {
    const script = join(ROOT, 'lab/whole-cluster/demo.ts')
    this.child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(this.child)
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
  }

  get id(): string {
    return `metallb-lab-${this.child.pid}`
  }

  /** Its exit code, null when a signal ended it. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close')
    running.delete(this.child)
    return this.child.exitCode
  }

  async said(words: string): Promise<void> {
    await eventually(`the demo says "${words}"`, () => {
      assert.equal(this.child.exitCode, null, this.output)
      return this.output.includes(words)
    })
  }

  /** Processes of its sandbox that still live: all of them inherit the name of its directory. */
  processes(): string[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.filter((pid) => readOrNothing(`/proc/${pid}/environ`).includes(this.id))
  }

  cgroups(): string[] {
    const parents = [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))]
    return parents.map((parent) => join(parent, this.id)).filter((folder) => existsSync(folder))
  }

  assertGone(): void {
    assert.deepEqual(this.processes(), [], 'processes are left')
    assert.deepEqual(this.cgroups(), [], 'control groups are left')
    assert.ok(!existsSync(join(tmpdir(), this.id)), 'its directory is left')
    assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(this.id), 'mounts are left')
    assert.deepEqual(settings(), SETTINGS_BEFORE, 'the machine is not as it was')
  }
}

const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

const SETTINGS_BEFORE = settings()

function settings(): string[] {
  return SETTINGS.map((name) => readFileSync(join('/proc/sys', name), 'utf8'))
}

/** A process may end while we look at it. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !holds(); await sleep(50)) {
    assert.ok(performance.now() < deadline, `not in ${PATIENCE_MS / 1000} s: ${what}`)
  }
}

test('the demo passes: every step is seen by the client, in under 4 minutes', async () => {
  const startMs = performance.now()
  const demo = new Demo()
  assert.equal(await demo.ended(), 0, demo.output)
  const lines = demo.output.split('\n')
  const outcomes = CLUSTER_STORY.map(({ name }) => lines.find((line) => line.startsWith(name))?.endsWith('ok'))
  assert.deepEqual(
    outcomes,
    CLUSTER_STORY.map(() => true),
    demo.output,
  )
  assert.ok(performance.now() - startMs < 240_000)
  demo.assertGone()
})

test('killed, it leaves its control groups and files to the next run; interrupted, it leaves nothing', async () => {
  const killed = new Demo()
  await killed.said('all nodes are Ready')
  killed.child.kill('SIGKILL')
  await killed.ended()
  await eventually('all its processes have ended', () => killed.processes().length === 0)
  const next = new Demo()
  await next.said('the images are on all nodes')
  killed.assertGone()
  next.child.kill('SIGINT')
  assert.equal(await next.ended(), 130)
  next.assertGone()
})
