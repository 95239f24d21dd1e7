// SPDX-License-Identifier: Apache-2.0
/** An API server that answers as a test says, for what the sending side does with answers. */
import { type KubeApi, KubeFault, type KubeFaultCode, type KubeRequest } from '../../src/kube/api.ts'

const STATUS: Readonly<Partial<Record<KubeFaultCode, number>>> = {
  notFound: 404,
  alreadyExists: 409,
  conflict: 409,
  throttled: 429,
  forbidden: 403,
  invalid: 422,
  unavailable: 503,
}

export class ScriptedApi implements KubeApi {
  readonly requests: KubeRequest[] = []
  /** What the next requests are answered with, in order; after the last one, `{}`. */
  readonly answers: (KubeFault | object)[] = []

  request(request: KubeRequest): Promise<unknown> {
    this.requests.push(request)
    const answer = this.answers.shift() ?? {}
    return answer instanceof KubeFault ? Promise.reject(answer) : Promise.resolve(answer)
  }

  async *stream(): AsyncGenerator<Buffer> {}

  close(): void {}
}

/** A refusal as client.ts makes it. */
export function refused(code: KubeFaultCode, retryAfterMs: number | null = null): KubeFault {
  return new KubeFault({ code, status: STATUS[code] ?? 0, retryAfterMs }, code)
}
