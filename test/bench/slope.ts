// SPDX-License-Identifier: Apache-2.0
/**
 * Whether something that is sampled over time grows: the question of a soak test, answered so that a leak is seen and
 * garbage collection is not taken for one.
 *
 * The slope is that of least squares through the later half of the samples: caches that fill and code that is compiled
 * make the first half rise in every program, while a leak goes on to the end. How far chance alone may have tilted the
 * line follows from the residuals: its standard error s / √Σ(t - t̄)², times √((1 + r) / (1 - r)), where r is how much
 * one residual resembles the next. Samples of memory are no independent draws: a saw-tooth of a minute, sampled each
 * second, holds far less news than its number of samples says. Three such errors are the noise.
 *
 * What rises beyond noise is a failure only if it also matters: each measure has an allowance an hour. And a half that
 * is shorter than a few waves of the measure (a heap between two collections, say) may show no more than one flank: a
 * rise there has to exceed what a wave makes. So a run of seconds finds what leaks fast, and one of an hour the rest.
 */
export type Sample = Readonly<{ atMs: number; value: number }>

/** In units of the value, but for the duration. */
export type Allowance = Readonly<{ perHour: number; wave: Readonly<{ height: number; hours: number }> }>

export type Slope = Readonly<{
  perHour: number
  /** The slope is known up to plus or minus this. */
  noisePerHour: number
  /** How long the samples are spread over of which it is the slope. */
  hours: number
}>

const HOUR_MS = 3_600_000
const ERRORS_OF_NOISE = 3
/** Fewer say nothing of chance. */
const LEAST_SAMPLES = 8
/** So many in the half, and they are noise of the line. */
const WAVES = 3
/** A resemblance that is counted as complete would leave no news at all. */
const MOST_RESEMBLANCE = 0.99

/** Slope and noise of the later half. Throws RangeError where that has fewer than eight samples, or no duration. */
export function slopeOf(samples: readonly Sample[]): Slope {
  const later = samples.slice(Math.floor(samples.length / 2))
  if (later.length < LEAST_SAMPLES) throw new RangeError(`${samples.length} samples are too few for a slope`)
  const atH = later.map(({ atMs }) => atMs / HOUR_MS)
  const hours = (atH.at(-1) ?? 0) - (atH[0] ?? 0)
  if (!(hours > 0)) throw new RangeError('all samples are of one moment')
  const [middle, level] = [mean(atH), mean(later.map(({ value }) => value))]
  const spread = sum(atH.map((at) => (at - middle) ** 2))
  const perHour = sum(later.map(({ value }, index) => ((atH[index] ?? 0) - middle) * (value - level))) / spread
  const residuals = later.map(({ value }, index) => value - level - perHour * ((atH[index] ?? 0) - middle))
  const squares = sum(residuals.map((residual) => residual ** 2))
  const error = Math.sqrt(squares / (later.length - 2) / spread)
  const resemblance = resemblanceOf(residuals, squares)
  const noisePerHour = ERRORS_OF_NOISE * error * Math.sqrt((1 + resemblance) / (1 - resemblance))
  return { perHour, noisePerHour, hours }
}

/** Whether it rises beyond noise, by more than is allowed an hour and by more than the flank of a wave would. */
export function isRising({ perHour, noisePerHour, hours }: Slope, { perHour: allowed, wave }: Allowance): boolean {
  const certain = perHour - noisePerHour
  const flank = hours < WAVES * wave.hours ? wave.height : 0
  return certain > allowed && certain * hours > flank
}

/** The correlation of each residual with the one before, not below 0. */
function resemblanceOf(residuals: readonly number[], squares: number): number {
  if (squares === 0) return 0
  const products = sum(residuals.slice(1).map((residual, index) => residual * (residuals[index] ?? 0)))
  return Math.min(MOST_RESEMBLANCE, Math.max(0, products / squares))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
