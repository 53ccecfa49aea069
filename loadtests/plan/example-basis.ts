import { exampleRun } from '../analysis/example-run.ts'
import type { BasisFile } from './plan-file.ts'

const MB = 2 ** 20

/** Test data: an invented basis, on which a redemption costs the same at every load. No figure in it was measured. */
export function exampleBasis(): BasisFile {
  return {
    schema: 1,
    measured_at: '2025-01-02T03:04:05.000Z',
    run_id: 'an-example',
    environment: exampleRun({ rounds: 1, modes: ['none'] }).environment,
    demands: {
      mode: 'token-bucket',
      cores: 4,
      levels: [exampleLevel(50), exampleLevel(500)],
      alone: Array(100).fill(0.003),
      stalls: [],
      drain_stalls: [],
    },
    noise: [{ use: 0.2, mean: 0.03, p99: 0.1, freedom: 50 }],
    rounds: 2,
    footprint: {
      memory: { server: 100 * MB, worker: 90 * MB, scheduler: 80 * MB, postgres: 200 * MB, redis: 20 * MB },
      connections: 60,
      wire: { sent: 300, received: 900 },
    },
    laws: { checks: 0, violations: [] },
    semaphore: 10,
    db_latency_ms: 0,
    redis_latency_ms: 0,
  }
}

function exampleLevel(rate: number) {
  return {
    rate,
    accept: { server: 0.001, postgres: 0.0005, redis: 0.0001, generator: 0.0002, delay_proxy: 0 },
    drain: { worker: 0.002, scheduler: 0.0003, server: 0, postgres: 0.001, redis: 0.0002, mail_sink: 0.0003 },
  }
}
