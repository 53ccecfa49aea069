import type { LimiterMode } from '../run-file.ts'

/** One machine as it is bought. */
export interface Machine {
  readonly cores: number
  readonly memoryBytes: number
  /** To its users. */
  readonly megabitsPerSecond: number
}

/** What a plan is for. Times are seconds. */
export interface PlanRequest {
  readonly users: number
  /** From an answer to the next redemption of the same user. */
  readonly think: number
  /** The p99 that is asked for. */
  readonly p99: number
  readonly mode: LimiterMode
  /** Everybody redeems one code. */
  readonly isHot: boolean
  readonly dbLatency: number
  readonly redisLatency: number
  readonly machine: Machine
  readonly whatIf: WhatIf
}

/** Changes of what was measured. */
export interface WhatIf {
  /** Postgres needs so many times less CPU for the same. */
  readonly postgresSpeed: number
  /** Machines for servers and workers behind a balancer, the stores on machines of their own; 1 = all on one. */
  readonly instances: number
  /** Nodes of a Redis Cluster: codes are spread over them, one code lives on one. */
  readonly redisNodes: number
  /** Statuses are read from a replica. */
  readonly hasReplica: boolean
  readonly regions: number
  /** Between regions, there and back. */
  readonly regionRoundTrip: number
}

export const AS_MEASURED: WhatIf = {
  postgresSpeed: 1,
  instances: 1,
  redisNodes: 1,
  hasReplica: false,
  regions: 1,
  regionRoundTrip: 0,
}
