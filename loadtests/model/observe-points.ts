import { planOfPoint } from '../points/plan-of-point.ts'
import type { PointsRun } from '../points/points-file.ts'
import { checkTrialLaws, type LawsChecked, mergeLaws } from './observe-trial.ts'

/** The laws on every trial of a run over points, each by its own point. */
export function checkPointsLaws({ points, trials, environment, seed }: PointsRun): LawsChecked {
  const plans = new Map(points.map((point) => [point.name, planOfPoint(point, seed)]))
  return mergeLaws(
    trials.flatMap((trial) => {
      const plan = plans.get(trial.profile)
      return plan === undefined ? [] : [checkTrialLaws({ plan, environment }, trial, trial.loads[0])]
    }),
  )
}
