// SPDX-License-Identifier: Apache-2.0
/**
 * Lets a promise run on its own: every promise is either awaited or handed in here. Whatever it rejects with was
 * caught by no loop, so it is a bug; it is thrown out of the event loop and ends the process, named.
 */
export function supervise(name: string, promise: Promise<unknown>): void {
  promise.catch((thrown: unknown) => {
    setImmediate(() => {
      throw new Error(`${name} failed unexpectedly`, { cause: thrown })
    })
  })
}
