// SPDX-License-Identifier: Apache-2.0
/** tools/setup with a PATH of stand-ins, as it meets machines that lack something. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const SETUP = join(import.meta.dirname, 'setup')
const NEEDED = ['npm', 'gcc', 'ip', 'nft', 'mount', 'unshare', 'bird']
const scratch = mkdtempSync(join(tmpdir(), 'metallb-setup-'))
after(() => rmSync(scratch, { recursive: true }))

type Machine = Readonly<{ has: readonly string[]; uid: number; aptGet?: string; systemctl?: string }>
type Result = Readonly<{ status: number | null; stdout: string; stderr: string; calls: string }>

/** A machine with only these programs; `aptGet` is the body of a script, undefined where there is none. */
function setup({ has, uid, aptGet, systemctl }: Machine, ...args: readonly string[]): Result {
  const bin = mkdtempSync(join(scratch, 'bin-'))
  const calls = join(bin, 'calls')
  const script = (name: string, body: string) => writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  for (const name of ['cat', 'chmod', 'mktemp', 'rm', 'sed', 'tail']) symlinkSync(`/usr/bin/${name}`, join(bin, name))
  for (const name of has) script(name, 'exit 0')
  script('id', `echo ${uid}`)
  if (aptGet !== undefined) script('apt-get', `echo "$DEBIAN_FRONTEND $*" >>${calls}\n${aptGet}`)
  if (systemctl !== undefined) script('systemctl', `echo "systemctl $*" >>${calls}\n${systemctl}`)
  writeFileSync(calls, '')
  const env = { PATH: bin, METALLB_SETUP_POLICY: join(bin, 'policy') }
  const { status, stdout, stderr } = spawnSync('/bin/sh', [SETUP, ...args], { env, encoding: 'utf8' })
  return { status, stdout, stderr, calls: readFileSync(calls, 'utf8') }
}

const without = (name: string) => NEEDED.filter((other) => other !== name)
const INSTALL = 'noninteractive install -y --no-install-recommends nftables\n'

const CASES: [string, Machine, Result][] = [
  ['nothing is missing', { has: NEEDED, uid: 1000 }, { status: 0, stdout: '', stderr: '', calls: '' }],
  [
    'an ordinary user is told what to type',
    { has: without('nft'), uid: 1000, aptGet: 'exit 0' },
    { status: 1, stdout: '', stderr: 'setup: please run: sudo apt-get install nftables\n', calls: '' },
  ],
  [
    'root gets it installed, without an update that is not needed',
    { has: without('nft'), uid: 0, aptGet: 'exit 0' },
    { status: 0, stdout: 'setup: installing nftables\n', stderr: '', calls: INSTALL },
  ],
  [
    'absent or old package lists are updated',
    { has: without('nft'), uid: 0, aptGet: 'case "$*" in *update*) : >"$0.updated";; *) [ -e "$0.updated" ];; esac' },
    {
      status: 0,
      stdout: 'setup: installing nftables\n',
      stderr: '',
      calls: `${INSTALL}noninteractive update\n${INSTALL}`,
    },
  ],
  [
    'what apt-get says is shown when it cannot',
    { has: without('nft'), uid: 0, aptGet: 'echo E: no network; exit 100' },
    {
      status: 1,
      stdout: 'setup: installing nftables\n',
      stderr: 'E: no network\nsetup: apt-get could not install nftables; its last words stand above\n',
      calls: `${INSTALL}noninteractive update\n`,
    },
  ],
  [
    'a system without apt-get is told the names',
    { has: without('nft'), uid: 0 },
    {
      status: 1,
      stdout: '',
      stderr: "setup: missing, by their names in Debian: nftables; install them with this system's package manager\n",
      calls: '',
    },
  ],
]
for (const [name, machine, expected] of CASES) {
  test(name, () => assert.deepEqual(setup(machine, 'demo'), expected))
}

test('what only the tests need is asked for by the tests alone', () => {
  assert.equal(setup({ has: NEEDED, uid: 1000, aptGet: '' }, 'demo').status, 0)
  const { stderr } = setup({ has: NEEDED, uid: 1000, aptGet: '' }, 'test')
  // Which of the cluster's files this machine has is not the question.
  const cluster = 'util-linux openssl binutils buildah containerd runc( containernetworking-plugins)?'
  const images = 'binutils buildah iputils-ping netcat-openbsd tcpdump'
  const tools = 'git procps prometheus serf frr gobgpd exabgp arping curl ndisc6 tshark clang libclang-rt-dev'
  assert.match(stderr, new RegExp(`^setup: please run: sudo apt-get install ${cluster} ${images} ${tools}\n$`))
})

test('routers are installed without the services that would start them, and other services as they are', () => {
  const asks =
    'for name in frr bird.service nginx; do "${0%apt-get}policy" "$name" start; echo "$name $?" >>"${0%apt-get}calls"; done'
  const { status, calls } = setup({ has: without('bird'), uid: 0, aptGet: asks, systemctl: 'exit 1' }, 'test')
  assert.equal(status, 0)
  assert.match(calls, /\nfrr 101\nbird\.service 101\nnginx 0\nsystemctl disable --now frr bird gobgpd exabgp\n$/)
})

test('where no router is installed, nobody is asked about services', () => {
  const aptGet = 'if [ -e "${0%apt-get}policy" ]; then exit 1; fi'
  const { status, calls } = setup({ has: without('nft'), uid: 0, aptGet, systemctl: 'exit 0' }, 'demo')
  assert.deepEqual({ status, calls }, { status: 0, calls: INSTALL })
})

test('what only the images to look around with need is asked for by them alone', () => {
  const { stderr } = setup({ has: NEEDED, uid: 1000, aptGet: '' }, 'image-debug')
  assert.equal(stderr, 'setup: please run: sudo apt-get install binutils buildah iputils-ping netcat-openbsd tcpdump\n')
})

test('what only a cluster needs is asked for by the cluster alone', () => {
  const { stderr } = setup({ has: NEEDED, uid: 1000, aptGet: '' }, 'cluster')
  assert.match(stderr, /apt-get install util-linux openssl binutils buildah containerd runc/)
  assert.doesNotMatch(stderr, /clang/)
})

test('every missing program is named at once', () => {
  const { stderr } = setup({ has: ['npm'], uid: 1000, aptGet: '' }, 'demo')
  assert.match(stderr, /gcc iproute2 nftables mount util-linux bird2/)
})
