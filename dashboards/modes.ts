import type { DashboardSpec, PanelSpec } from './dashboard-spec.ts'
import { INSTANCE, MODE, quantileBy } from './promql.ts'

const SERVER = `job="server", ${INSTANCE}, ${MODE}`

/** What servers count without a mode, per accepted redemption; each process says its mode in its build. */
function perAccept(counter: string): string {
  const accepted = `sum by (mode) (rate(redeem_requests_total{${SERVER}, status="202"}[$__rate_interval])) > 0`
  const byMode = `* on (job, instance) group_left (mode) max by (job, instance, mode) (redline_build_info{${SERVER}})`
  return `sum by (mode) (rate(${counter}[$__rate_interval]) ${byMode}) / (${accepted})`
}

const quantilesOf = (metric: string): PanelSpec['queries'] => [
  ['p50 {{mode}}', quantileBy(0.5, metric, SERVER, 'mode')],
  ['p99 {{mode}}', quantileBy(0.99, metric, SERVER, 'mode')],
]

export const MODES: DashboardSpec = {
  uid: 'redline-modes',
  title: 'Redline: Limiter modes',
  description: 'Limiter modes side by side: what each accepts, how long it takes, where it waits, what it costs',
  variables: ['mode', 'instance'],
  rows: [
    {
      title: 'What people see',
      panels: [
        {
          title: 'Accepted by mode',
          description: 'Redemptions that got a 202, per second.',
          unit: 'reqps',
          queries: [
            ['{{mode}}', `sum by (mode) (rate(redeem_requests_total{${SERVER}, status="202"}[$__rate_interval]))`],
          ],
        },
        {
          title: 'Time to an answer by mode',
          description:
            'From the parsed request to its answer. While tracing is on, each point is a request with its trace.',
          unit: 's',
          hasExemplars: true,
          queries: quantilesOf('redeem_request_duration_seconds'),
          runbooks: ['RedeemLatencyBudgetBurn'],
        },
        {
          title: 'Failed by mode',
          description: 'Share of answers with 5xx: a full line of a semaphore, a store that is away.',
          unit: 'percentunit',
          isZeroHealthy: true,
          queries: [
            [
              '{{mode}}',
              `sum by (mode) (rate(redeem_requests_total{${SERVER}, status=~"5.."}[$__rate_interval])) / sum by (mode) (rate(redeem_requests_total{${SERVER}}[$__rate_interval]))`,
            ],
          ],
          runbooks: ['RedeemFailureShareHigh'],
        },
      ],
    },
    {
      title: 'Where they wait',
      panels: [
        {
          title: 'Time until the limiter lets in',
          description:
            'The line of a semaphore (in-process, redis-semaphore), the answer of the bucket (token-bucket); the mode none has no limiter, and no line here.',
          unit: 's',
          queries: quantilesOf('limiter_wait_seconds'),
        },
        {
          title: 'Places in use',
          description: 'Of the semaphores, over all processes. A bucket has no places: it stays at 0.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['{{mode}}', `sum by (mode) (limiter_in_use{${SERVER}})`]],
        },
        {
          title: 'In line',
          description: 'Requests that wait for a place of a semaphore.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['{{mode}}', `sum by (mode) (limiter_waiting{${SERVER}})`]],
        },
      ],
    },
    {
      title: 'What it costs',
      panels: [
        {
          title: 'CPU of the servers per accept',
          description: 'Seconds of processor time for one accepted redemption.',
          unit: 's',
          queries: [['{{mode}}', perAccept(`process_cpu_seconds_total{job="server", ${INSTANCE}}`)]],
        },
        {
          title: 'Redis round trips per accept',
          description: 'In the request; a pipeline counts once. Does not depend on the speed of the machine.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['{{mode}}', perAccept(`redis_round_trips_total{job="server", cause="request", ${INSTANCE}}`)]],
        },
        {
          title: 'SQL statements per accept',
          description: 'In the request, BEGIN and COMMIT not counted; none in token-bucket.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['{{mode}}', perAccept(`sql_statements_total{job="server", cause="request", ${INSTANCE}}`)]],
        },
        {
          title: 'Event loop by mode',
          description: 'Share of time in which the busiest server process of a mode is busy.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          queries: [
            [
              '{{mode}}',
              `max by (mode) (rate(nodejs_eventloop_active_seconds_total{job="server", ${INSTANCE}}[$__rate_interval]) * on (job, instance) group_left (mode) max by (job, instance, mode) (redline_build_info{${SERVER}}))`,
            ],
          ],
        },
        {
          title: 'Time waited for a connection',
          description: 'Mean wait for the Postgres pool in the servers of a mode.',
          unit: 's',
          width: 12,
          isZeroHealthy: true,
          queries: [
            [
              '{{mode}}',
              `sum by (mode) (rate(db_pool_wait_seconds_sum{job="server", ${INSTANCE}}[$__rate_interval]) * on (job, instance) group_left (mode) max by (job, instance, mode) (redline_build_info{${SERVER}})) / (sum by (mode) (rate(db_pool_wait_seconds_count{job="server", ${INSTANCE}}[$__rate_interval]) * on (job, instance) group_left (mode) max by (job, instance, mode) (redline_build_info{${SERVER}})) > 0)`,
            ],
          ],
        },
      ],
    },
  ],
}
