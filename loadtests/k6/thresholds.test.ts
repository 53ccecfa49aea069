import { expect, it } from 'vitest'
import { loadTargets } from '../targets/load-targets.ts'
import { NAMED_SHAPES, shapeOf } from './shapes.ts'
import { thresholdsFrom } from './thresholds.ts'

it('come from the targets file, for the scenario that is run', async () => {
  expect(thresholdsFrom(await loadTargets(), 'hot-code')).toMatchObject({
    dropped_iterations: ['count==0'],
    http_req_duration: ['p(95)<1000'],
    http_req_failed: ['rate<=0.00100000'],
  })
  const targets = [{ measure: 'latency_p99_ms', at_most: 50, scenarios: ['sold-out'] }]
  expect(thresholdsFrom({ targets }, 'hot-code')).toEqual({ dropped_iterations: ['count==0'] })
  expect(thresholdsFrom({ targets }, 'sold-out')).toMatchObject({ http_req_duration: ['p(99)<=50'] })
})

it('shapes keep the people per second, in whole numbers of a longer unit', () => {
  expect(shapeOf({ model: 'constant', rate: 0.5 }, 10, 5, 1)).toMatchObject({
    executor: 'constant-arrival-rate',
    rate: 50,
    timeUnit: '100s',
    duration: '10000ms',
  })
  expect(shapeOf({ model: 'steps', rates: [1, 3] }, 10, 5, 1)).toMatchObject({
    startRate: 100,
    stages: [
      { target: 100, duration: '0s' },
      { target: 100, duration: '5000ms' },
      { target: 300, duration: '0s' },
      { target: 300, duration: '5000ms' },
    ],
  })
  expect(Object.keys(NAMED_SHAPES)).toEqual(['constant', 'ramping', 'breakpoint', 'soak', 'spike'])
})
