import { InvalidRunError } from '../errors.ts'
import { calibratePipeline, type Tried } from '../model/pipeline/calibrate-pipeline.ts'
import type { PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import { loadOfPoint, sizeOfPoint } from '../model/pipeline/size-of-point.ts'
import { foretell, noiseOf } from '../plan/foretell.ts'
import type { PointsRun } from '../points/points-file.ts'
import type { Predictions } from './accuracy-file.ts'
import { CALIBRATED_MODES, type CalibratedMode, calibrationPoints, DEMANDS_OF, HELD_OUT } from './accuracy-points.ts'

/**
 * Everything that will be measured, foretold from the calibration alone.
 * @throws InvalidRunError when a mode could not be calibrated
 */
export function foretellPoints(calibration: PointsRun, heldOutRounds: number, points = HELD_OUT): Predictions {
  const { environment, rounds } = calibration
  const triedOf = (mode: CalibratedMode) =>
    calibrationPoints(mode).map((point) => ({
      point,
      trials: calibration.trials.filter(({ profile }) => profile === point.name),
    }))
  const tried = CALIBRATED_MODES.map(triedOf)
  const demands = new Map(
    CALIBRATED_MODES.map((mode, index) => [mode, calibrate(tried[index] ?? [], environment.cores)]),
  )
  const noise = noiseOf(tried.flat(), environment.cores)
  return {
    schema: 1,
    written_at: new Date().toISOString(),
    environment,
    rounds: { calibration: rounds, held_out: heldOutRounds },
    noise,
    demands: [...demands.values()],
    points: points.map((point) => {
      const known = demands.get(DEMANDS_OF[point.mode]) as PipelineDemands
      const what = { demands: known, size: sizeOfPoint(point, environment.cores), load: loadOfPoint(point) }
      const { figures, prediction } = foretell(what, noise, { calibration: rounds, measured: heldOutRounds })
      return { point, foretold: { ...figures }, use: [...prediction.use] }
    }),
  }
}

function calibrate(tried: readonly Tried[], cores: number): PipelineDemands {
  try {
    return calibratePipeline(tried, cores)
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new InvalidRunError(`The calibration is not enough: ${cause.message}.`, { cause })
    throw cause
  }
}
