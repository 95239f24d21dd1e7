// SPDX-License-Identifier: Apache-2.0
/** Every code that a user can meet has one section in docs/errors.md, and every section has a code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REFUSAL_CODES } from '../../src/ipam/refusal.ts'
import { MANIFEST_CODES } from '../../src/manifests/codes.ts'
import { SCHEMA_CODES } from '../../src/manifests/schema.ts'
import { MODEL_CODES } from '../../src/model/codes.ts'
import { SILENCE_REASONS } from '../../src/plan/silence.ts'
import { UNANNOUNCED_REASONS } from '../../src/plan/unannounced.ts'
import { CHECK_CODES } from '../../src/programs/cli/check/codes.ts'
import { WEBHOOK_CODES } from '../../src/programs/controller/webhooks/codes.ts'
import { files, read } from './tree.ts'

const PAGE = read('docs/errors.md')
const sections = [...PAGE.matchAll(/^## `(\w+)`$/gm)].map(([, code]) => code)

/** Two lists may have a word in common; it then means the same in both and is explained once. */
const LISTS = {
  MODEL_CODES,
  REFUSAL_CODES,
  SILENCE_REASONS,
  UNANNOUNCED_REASONS,
  MANIFEST_CODES,
  SCHEMA_CODES,
  CHECK_CODES,
  WEBHOOK_CODES,
}

for (const [name, codes] of Object.entries(LISTS)) {
  test(`each of ${name} is explained in docs/errors.md`, () => {
    assert.deepEqual(
      codes.filter((code) => !sections.includes(code)),
      [],
    )
  })
}

test('docs/errors.md explains no code twice, and none that does not exist', () => {
  const known = new Set<string>(Object.values(LISTS).flat())
  assert.deepEqual(
    sections.filter((code, index) => code === undefined || !known.has(code) || sections.indexOf(code) !== index),
    [],
  )
})

test('each of MODEL_CODES is reported by the model, and tested there', () => {
  const sources = files().filter((path) => path.startsWith('src/model/') && path !== 'src/model/codes.ts')
  const texts = sources.map((path) => ({ tested: path.endsWith('.test.ts'), text: read(path) }))
  const missing = MODEL_CODES.filter((code) => {
    return [true, false].some(
      (tested) => !texts.some((file) => file.tested === tested && new RegExp(`\\b${code}\\b`).test(file.text)),
    )
  })
  assert.deepEqual(missing, [])
})
