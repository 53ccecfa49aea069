import { arrivalTimes } from '../../drivers/arrivals.ts'
import type { Point } from '../../points/points-file.ts'
import type { PipelineSize } from './pipeline-size.ts'
import type { PipelineLoad } from './predict-pipeline.ts'

/** A point as the model sees it. */
export function sizeOfPoint(point: Point, cores: number): PipelineSize {
  return {
    mode: point.mode,
    profile: point.profile,
    machines: { shared: cores },
    isHot: point.codes === 1,
    dbLatency: point.db_latency_ms / 1_000,
    redisLatency: point.redis_latency_ms / 1_000,
    isDraining: point.drain === 'running',
    hasGenerator: true,
  }
}

/** People at random moments are not exactly as many as they are in the mean; who they are follows from the seed. */
export function loadOfPoint({ arrivals, connections, duration }: Point): PipelineLoad {
  if (arrivals === null) return { customers: connections }
  return { ratePerSecond: [...arrivalTimes(arrivals, duration)].length / duration }
}
