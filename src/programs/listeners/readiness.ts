// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a daemon is ready, as conditions by name: `/readyz?verbose` lists them, so that nobody has to guess why a
 * pod is not. Each part of a daemon owns one condition and says what it waits for until it has it.
 */
export class Readiness {
  /** By name, in the order in which they were first named: what is missing, null where nothing is. */
  readonly #conditions = new Map<string, string | null>()

  /** The daemon is not ready for now: `reason` is what this part waits for. */
  waitFor(condition: string, reason: string): void {
    this.#conditions.set(condition, reason)
  }

  /** This part has what it needs. */
  met(condition: string): void {
    this.#conditions.set(condition, null)
  }

  get ready(): boolean {
    return [...this.#conditions.values()].every((reason) => reason === null)
  }

  /** One line per condition, in the words of Kubernetes' own /readyz?verbose. */
  describe(): string {
    return [...this.#conditions]
      .map(([name, reason]) => (reason === null ? `[+]${name} ok\n` : `[-]${name} ${reason}\n`))
      .join('')
  }
}
