import { planOfPoint } from '../points/plan-of-point.ts'
import type { PointsRun } from '../points/points-file.ts'
import type { Laws } from '../run-file.ts'
import { checkTrialLaws, describeLaws, mergeLaws } from './observe-trial.ts'

/** The laws on every trial of a run over points, each by its own point. */
export function checkPointsLaws({ points, trials, environment, seed }: PointsRun): Laws {
  const plans = new Map(points.map((point) => [point.name, planOfPoint(point, seed)]))
  const checked = mergeLaws(
    trials.flatMap((trial) => {
      const plan = plans.get(trial.profile)
      return plan === undefined ? [] : [checkTrialLaws({ plan, environment }, trial, trial.loads[0])]
    }),
  )
  return describeLaws(checked)
}
