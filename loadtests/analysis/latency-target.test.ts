import { expect, it } from 'vitest'
import { targetsSchema } from '../targets/targets-schema.ts'
import { latencyTargetMs } from './latency-target.ts'

const p99 = { name: 'p99', measure: 'latency_p99_ms', at_most: 200 }

it('is the shortest of those that the scenario is held against', () => {
  const read = (targets: object[], user?: object) =>
    targetsSchema.parse({ schema: 1, name: 'ours', targets, ...(user && { user }) })
  expect(latencyTargetMs(read([{ name: 'up', measure: 'availability', at_least: 0.99 }]), 'search')).toBeUndefined()
  expect(latencyTargetMs(read([p99]), 'search')).toBe(200)
  expect(latencyTargetMs(read([{ ...p99, scenarios: ['other'] }]), 'search')).toBeUndefined()
  expect(latencyTargetMs(read([p99], { think_time_s: 10, p95_ms: 100 }), 'search')).toBe(100)
  expect(latencyTargetMs(read([p99], { think_time_s: 10, p95_ms: 1_000 }), 'search')).toBe(200)
})
