// SPDX-License-Identifier: Apache-2.0
/** Codes of refusals that only the webhooks know; docs/errors.md explains them. */
export const WEBHOOK_CODES = ['bfdProfileInUse'] as const
