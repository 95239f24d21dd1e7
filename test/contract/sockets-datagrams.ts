// SPDX-License-Identifier: Apache-2.0
/** What src/lib/sockets.ts promises of binding, and of datagrams. */
import assert from 'node:assert/strict'
import { ABSENT, bind, bytesOf, FAR, FAR6, fails, NEAR, NEAR6, noFault, type On } from './sockets-bench.ts'

export function bindings(on: On): void {
  on('port 0 becomes a port; the same one cannot be had twice, and can after it was closed', async (bench) => {
    const udp = await bind(bench.near, NEAR)
    const listener = { local: { address: NEAR, port: 0 }, onReceived: () => undefined, onFault: noFault }
    const tcp = await bench.near.listenStreams(listener)
    for (const { local } of [udp, tcp]) assert.ok(local.address === NEAR && local.port > 1023, JSON.stringify(local))
    for (const address of [NEAR, '0.0.0.0']) {
      await fails(bench, bind(bench.near, address, udp.local.port), 'addressInUse')
      const local = { address, port: tcp.local.port }
      await fails(bench, bench.near.listenStreams({ ...listener, local }), 'addressInUse')
    }
    udp.close()
    tcp.close()
    await bench.pass()
    ;(await bind(bench.near, NEAR, udp.local.port)).close()
    ;(await bench.near.listenStreams({ ...listener, local: tcp.local })).close()
  })

  on(
    'an address of nobody here is refused, and so is what is no address, before any name is asked for',
    async (bench) => {
      for (const address of [ABSENT, '2001:db8::77', 'localhost', '', '127.0.0.1.']) {
        await fails(bench, bind(bench.near, address), 'noAddress')
        const local = { address, port: 0 }
        const listener = { local, onReceived: () => undefined, onFault: noFault }
        await fails(bench, bench.near.listenStreams(listener), 'noAddress')
      }
      for (const address of ['localhost', '', '127.0.0.1.'])
        await fails(bench, bench.near.connectStream({ address, port: 80 }, { timeoutMs: 1000 }), 'noAddress')
    },
  )

  on('both wildcards live on one port, and each hears its own family', async (bench) => {
    const four = await bind(bench.far, '0.0.0.0')
    const six = await bind(bench.far, '::', four.local.port)
    const { port } = four.local
    const [near, near6] = [await bind(bench.near, NEAR), await bind(bench.near, NEAR6)]
    near.send({ address: FAR, port }, bytesOf('four'))
    near6.send({ address: FAR6, port }, bytesOf('six'))
    await bench.until(() => four.heard.length + six.heard.length >= 2, 'both arrive')
    assert.deepEqual(four.heard, [{ text: 'four', from: near.local }])
    assert.deepEqual(six.heard, [{ text: 'six', from: near6.local }])
    for (const socket of [four, six, near, near6]) socket.close()
  })
}

export function datagrams(on: On): void {
  for (const [from, to] of [
    [NEAR, FAR],
    [NEAR6, FAR6],
  ] as const) {
    on(`a datagram arrives from ${from} with its sender, who can be answered`, async (bench) => {
      const [near, far] = [await bind(bench.near, from), await bind(bench.far, to)]
      near.send(far.local, bytesOf('ping'))
      await bench.until(() => far.heard.length > 0, 'it arrives')
      assert.deepEqual(far.heard, [{ text: 'ping', from: near.local }])
      far.send(near.local, bytesOf('pong'))
      await bench.until(() => near.heard.length > 0, 'its answer arrives')
      assert.deepEqual(near.heard, [{ text: 'pong', from: far.local }])
      for (const socket of [near, far]) socket.close()
    })
  }

  on('an empty one and the largest arrive; a larger one is lost and disturbs nobody', async (bench) => {
    const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
    for (const size of [0, 1, 1400, 65_508, 65_507, 2]) near.send(far.local, Buffer.alloc(size, 'x'))
    await bench.until(() => far.heard.at(-1)?.text === 'xx', 'the last arrives')
    assert.deepEqual(
      far.heard.map(({ text }) => text.length),
      [0, 1, 1400, 65_507, 2],
    )
    for (const socket of [near, far]) socket.close()
  })

  on('what can go nowhere is lost without a word', async (bench) => {
    const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
    const { port } = far.local
    for (const address of [FAR6, '', 'localhost', '127.0.0.2.', '300.0.0.1', '255.255.255.255', 'a\0b', '%'])
      near.send({ address, port }, bytesOf('nowhere'))
    for (const odd of [0, -1, 65_536, 1.5, Number.NaN]) near.send({ address: FAR, port: odd }, bytesOf('nowhere'))
    near.send({ address: FAR, port: 1 }, bytesOf('nobody listens'))
    near.send({ address: '', port: near.local.port }, bytesOf('no address is not our own'))
    await bench.pass()
    near.send(far.local, bytesOf('here'))
    await bench.until(() => far.heard.length > 0, 'the next one arrives')
    assert.deepEqual(
      [...near.heard, ...far.heard].map(({ text }) => text),
      ['here'],
    )
    for (const socket of [near, far]) socket.close()
  })

  on(
    'a hundred keep their bytes when the buffer is used again, and reach the address they were sent to',
    async (bench) => {
      const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
      const bystander = await bind(bench.near, NEAR)
      const buffer = Buffer.alloc(4)
      for (let i = 0; i < 100; i++) {
        buffer.writeUInt32BE(i)
        near.send(far.local, buffer)
      }
      near.send({ address: FAR, port: bystander.local.port }, buffer)
      await bench.until(() => far.heard.length === 100, 'all arrive')
      const values = far.heard.map(({ text }) => bytesOf(text).readUInt32BE())
      assert.deepEqual(
        values.toSorted((a, b) => a - b),
        Array.from({ length: 100 }, (_, i) => i),
      )
      await bench.pass()
      assert.deepEqual(bystander.heard, [])
      for (const socket of [near, far, bystander]) socket.close()
    },
  )

  on('after close nothing is heard and nothing is sent, also when closed twice', async (bench) => {
    const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
    near.send(far.local, bytesOf('before'))
    await bench.until(() => far.heard.length > 0, 'it arrives')
    near.send(far.local, bytesOf('too late'))
    far.close()
    far.close()
    await bench.pass()
    far.send(near.local, bytesOf('from the closed one'))
    await bench.pass()
    assert.deepEqual([far.heard.length, near.heard.length], [1, 0])
    near.close()
  })
}
