import { expect, test } from 'vitest'
import { parsePrometheusText } from '../../measure/prometheus-text.ts'
import { countOperations } from './count-operations.ts'

test('writes are counted by the growth of what they write, over all labels', () => {
  const before = parsePrometheusText(
    'redis_commands_total{cause="request"} 10\nlimiter_wait_seconds_count{mode="none"} 1\n',
  )
  const after = parsePrometheusText(
    [
      'redis_commands_total{cause="request"} 14',
      'redis_commands_total{cause="background"} 2',
      'redeem_requests_total{status="202"} 3',
      'limiter_wait_seconds_count{mode="none"} 4',
      'redis_command_duration_seconds_count{command="evalsha"} 6',
      'nodejs_gc_duration_seconds_count{kind="minor"} 900',
      '',
    ].join('\n'),
  )
  expect(countOperations(before, after)).toEqual({ count: 4 + 2 + 3, time: 3, 'time an answer of Redis': 6 })
})
