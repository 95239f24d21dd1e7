// SPDX-License-Identifier: Apache-2.0

const SECOND_MS = 1000
const MINUTE_S = 60
const HOUR_S = 3600
const DAY_S = 86_400
const WEEK_S = 7 * DAY_S

/** How long something lasts, in at most three parts: `01:02:03`, `1d02h03m`, `12w3d04h`. '' where it is not known. */
export function elapsedText(ms: number): string {
  if (Number.isNaN(ms)) return ''
  const seconds = Math.max(0, Math.floor(ms / SECOND_MS))
  const [days, hours, minutes] = [
    Math.floor(seconds / DAY_S),
    Math.floor((seconds % DAY_S) / HOUR_S),
    Math.floor((seconds % HOUR_S) / MINUTE_S),
  ]
  if (days === 0) return [hours, minutes, seconds % MINUTE_S].map(twoDigits).join(':')
  if (days < 7) return `${days}d${twoDigits(hours)}h${twoDigits(minutes)}m`
  return `${Math.floor(seconds / WEEK_S)}w${days % 7}d${twoDigits(hours)}h`
}

/** From a moment in ISO 8601 until now. */
export function elapsedSince(iso: string, nowMs: number): string {
  return elapsedText(nowMs - Date.parse(iso))
}

function twoDigits(count: number): string {
  return String(count).padStart(2, '0')
}
