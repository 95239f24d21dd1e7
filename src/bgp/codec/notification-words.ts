// SPDX-License-Identifier: Apache-2.0
import type { Notification } from './message.ts'

/** What a NOTIFICATION says, for people: `Cease: administrative shutdown ("moved to rack 4")`. */
export function notificationWords({
  code,
  subcode,
  reason,
}: Pick<Notification, 'code' | 'subcode' | 'reason'>): string {
  return `${code}/${subcode}${reason}`
}
