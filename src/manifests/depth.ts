// SPDX-License-Identifier: Apache-2.0
/** Kubernetes' own objects nest about 20 deep; whatever recurses over values may trust this bound. */
export const MAX_DEPTH = 100

export const TOO_DEEP = `more than ${MAX_DEPTH} levels of nesting; no Kubernetes object is that deep`
