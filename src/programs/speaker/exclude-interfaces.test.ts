// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { readExcludedInterfaces } from './exclude-interfaces.ts'

const cleanUps: (() => unknown)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

function file(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-exclude-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'excludel2.yaml'), text)
  return join(directory, 'excludel2.yaml')
}

const NAMES = ['eth0', 'docker0', 'lo', 'cali12', 'true', '12', 'a#b', 'a b']
const left = async (text: string) => {
  const patterns = await readExcludedInterfaces(file(text))
  return NAMES.filter((name) => !patterns.some((pattern) => name.search(pattern) >= 0))
}
const without = (...gone: readonly string[]) => NAMES.filter((name) => !gone.includes(name))

/** The list that MetalLB's manifests bring, as they write it. */
const SHIPPED = `announcedInterfacesToExclude:
${'docker.* cbr.* dummy.* virbr.* lxcbr.* veth.* lo$ cali.* tunl.* flannel.* kube-ipvs.* cni.* nodelocaldns.* lxc.*'
  .split(' ')
  .map((pattern) => `- ^${pattern}\n`)
  .join('')}`

const FILES: [string, string, readonly string[]][] = [
  ['what MetalLB ships', SHIPPED, without('docker0', 'lo', 'cali12')],
  ['a list in brackets', 'announcedInterfacesToExclude: ["^docker.*", ^lo$]', without('docker0', 'lo')],
  ['quotes', `announcedInterfacesToExclude:\n  - "^docker.*"\n  - '^lo$'\n`, without('docker0', 'lo')],
  ['escapes in quotes', 'announcedInterfacesToExclude:\n- "^docker\\\\d$"\n', without('docker0')],
  ['comments', `# ours\nannouncedInterfacesToExclude:\n# bridges\n- ^docker # and others\n`, without('docker0')],
  ['a hash that is no comment', `announcedInterfacesToExclude:\n- a#b\n`, without('a#b')],
  ['a word that YAML does not take for text, in quotes', `announcedInterfacesToExclude:\n- "true"\n`, without('true')],
  ['Windows line ends', 'announcedInterfacesToExclude:\r\n- ^lo$\r\n', without('lo')],
  ['an empty list', 'announcedInterfacesToExclude: []\n', NAMES],
  ['no list', 'announcedInterfacesToExclude:\n', NAMES],
  ['another key', 'other: [a]\n', NAMES],
  ['nothing', '', NAMES],
]
for (const [name, text, expected] of FILES) {
  test(`excludel2.yaml with ${name}`, async () => {
    assert.deepEqual(await left(text), expected)
  })
}

test('without the file nothing is excluded', async () => {
  assert.deepEqual(await readExcludedInterfaces('/nonexistent/excludel2.yaml'), [])
})

const BAD: [string, string, RegExp][] = [
  [
    'a bad expression',
    'announcedInterfacesToExclude: ["("]',
    /the regular expression "\(" cannot be used: a \( without/,
  ],
  ['a number', 'announcedInterfacesToExclude:\n- 12\n', /has 12 in it; write a regular expression as text/],
  ['true', 'announcedInterfacesToExclude:\n- true\n', /has true in it/],
  ['no list', 'announcedInterfacesToExclude: ^lo$\n', /expected one document with announcedInterfacesToExclude/],
  ['a list alone', '- ^lo$\n', /expected one document/],
  ['bad YAML', 'announcedInterfacesToExclude: [', /not valid YAML/],
]
for (const [name, text, expected] of BAD) {
  test(`excludel2.yaml with ${name} is a fault that names the file`, async () => {
    const path = file(text)
    await assert.rejects(readExcludedInterfaces(path), (fault: Error) => {
      assert.match(fault.message, expected)
      return fault.message.startsWith(`${path}: `)
    })
  })
}
