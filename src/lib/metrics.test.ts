// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'

const CASES: [string, (metrics: Metrics) => void, string][] = [
  ['nothing registered', () => {}, ''],
  [
    'a metric without series shows what it is',
    (metrics) => metrics.gauge('a', 'What a is.', ['pool']),
    '# HELP a What a is.\n# TYPE a gauge\n',
  ],
  [
    'a counter adds up, with and without labels',
    (metrics) => {
      const plain = metrics.counter('a_total', 'A.')
      plain.add({})
      plain.add({}, 2.5)
      const labelled = metrics.counter('b_total', 'B.', ['pool', 'reason'])
      labelled.add({ pool: 'x', reason: 'y' }, 0)
      labelled.add({ reason: 'z', pool: 'x' })
    },
    '# HELP a_total A.\n# TYPE a_total counter\na_total 3.5\n' +
      '# HELP b_total B.\n# TYPE b_total counter\nb_total{pool="x",reason="y"} 0\nb_total{pool="x",reason="z"} 1\n',
  ],
  [
    'metrics stand by name, series as they came, and a removed one is gone',
    (metrics) => {
      const b = metrics.gauge('b', 'B.', ['k'])
      for (const k of ['2', '1', '3']) b.set({ k }, 7)
      b.remove({ k: '2' })
      b.remove({ k: 'never there' })
      metrics.gauge('a', 'A.').set({}, 1)
    },
    '# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\nb{k="1"} 7\nb{k="3"} 7\n',
  ],
  [
    'what the format gives a meaning to is escaped',
    (metrics) => metrics.gauge('a', 'One\\two\n"three"', ['k']).set({ k: 'one\\two\n"three"' }, 1),
    '# HELP a One\\\\two\\n"three"\n# TYPE a gauge\na{k="one\\\\two\\n\\"three\\""} 1\n',
  ],
  [
    'a histogram: each bucket counts the smaller ones, too',
    (metrics) => metrics.histogram('a', 'A.', () => ({ bounds: [0.5, 2], counts: [3, 0, 1], sum: 7.25 })),
    '# HELP a A.\n# TYPE a histogram\n' +
      'a_bucket{le="0.5"} 3\na_bucket{le="2"} 3\na_bucket{le="+Inf"} 4\na_sum 7.25\na_count 4\n',
  ],
  [
    'numbers as Prometheus reads them',
    (metrics) => {
      const a = metrics.gauge('a', 'A.', ['k'])
      const values = [-0.5, 1e21, 2 ** 63, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
      for (const [i, value] of values.entries()) a.set({ k: `${i}` }, value)
    },
    '# HELP a A.\n# TYPE a gauge\na{k="0"} -0.5\na{k="1"} 1e+21\na{k="2"} 9223372036854776000\n' +
      'a{k="3"} +Inf\na{k="4"} -Inf\na{k="5"} NaN\n',
  ],
]
for (const [name, arrange, expected] of CASES) {
  test(name, () => {
    const metrics = new Metrics()
    arrange(metrics)
    assert.equal(metrics.render(), expected)
  })
}

test('what is kept elsewhere is read at every render, and what is no longer there disappears', () => {
  const metrics = new Metrics()
  const announced = metrics.gauge('announced', 'A.', ['ip'])
  let now = ['192.0.2.1', '192.0.2.2']
  const count = metrics.gauge('counted', 'C.')
  metrics.onCollect(() => count.set({}, now.length))
  announced.readFrom(() => now.map((ip) => [{ ip }, 1]))
  const series = () => metrics.render().match(/^[^#\n].*/gm)
  assert.deepEqual(series(), ['announced{ip="192.0.2.1"} 1', 'announced{ip="192.0.2.2"} 1', 'counted 2'])
  now = ['192.0.2.3']
  assert.deepEqual(series(), ['announced{ip="192.0.2.3"} 1', 'counted 1'])
})

test('bugs of the program: a shrinking counter, a name twice, names the format does not allow', () => {
  const metrics = new Metrics()
  const counter = metrics.counter('a_total', 'A.')
  assert.throws(() => counter.add({}, -1), { name: 'AssertionError' })
  assert.throws(() => counter.add({}, Number.NaN), { name: 'AssertionError' })
  assert.throws(() => metrics.gauge('a_total', 'A.'), { name: 'AssertionError' })
  assert.throws(() => metrics.gauge('a-b', 'A.'), { name: 'AssertionError' })
  assert.throws(() => metrics.gauge('a', 'A.', ['9']), { name: 'AssertionError' })
})
