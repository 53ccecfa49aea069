import type { DashboardSpec } from './dashboard-spec.ts'
import { INSTANCE, MODE, quantiles } from './promql.ts'

/** The system that people use: what a load test pushed beside it has dashboards of its own. */
const NO_TEST = 'testid=""'
const HERE = `${NO_TEST}, ${INSTANCE}`
const SERVER = `job="server", ${HERE}, ${MODE}`

export const OVERVIEW: DashboardSpec = {
  uid: 'redline-overview',
  title: 'Redline: Overview',
  description:
    'Rate, errors, duration, saturation and error budget of the redeem pipeline; load tests that were pushed are not in it',
  variables: ['mode', 'instance'],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Accepted',
          description: 'Redemptions that got a 202, per second.',
          unit: 'reqps',
          kind: 'stat',
          width: 4,
          queries: [['accepted', `sum(rate(redeem_requests_total{${SERVER}, status="202"}[$__rate_interval]))`]],
        },
        {
          title: 'p99',
          description: '99 of 100 redemptions are answered within this time. The objective is 1 s.',
          unit: 's',
          kind: 'stat',
          width: 4,
          redFrom: 1,
          queries: [
            [
              'p99',
              `histogram_quantile(0.99, sum by (le) (rate(redeem_request_duration_seconds_bucket{${SERVER}}[$__rate_interval])))`,
            ],
          ],
          runbooks: ['RedeemLatencyBudgetBurn'],
        },
        {
          title: 'Free seats',
          description: 'In all groups together, as of the last refresh (every 5 minutes).',
          unit: 'short',
          kind: 'stat',
          width: 4,
          redBelow: 10,
          queries: [['seats', `sum(max by (group) (available_seats_total{${NO_TEST}}))`]],
          runbooks: ['SeatsLow'],
        },
        {
          title: 'Workers',
          description: 'Alive by their own heartbeat.',
          unit: 'short',
          kind: 'stat',
          width: 4,
          redBelow: 1,
          queries: [['workers', `max(worker_up{${NO_TEST}})`]],
          runbooks: ['WorkerMissing', 'WorkerRestarting'],
        },
        {
          title: 'Dependencies away',
          description: 'Processes that do not reach Redis, Postgres or the mail server, by what they miss.',
          unit: 'short',
          kind: 'stat',
          width: 4,
          redFrom: 1,
          isZeroHealthy: true,
          queries: [['{{dependency}}', `count by (dependency) (dependency_up{${HERE}} == 0)`]],
          runbooks: ['RedisUnreachable', 'PostgresUnreachable', 'MailDown', 'MailUnreachable'],
        },
        {
          title: 'Alerts',
          description: 'That fire right now.',
          unit: 'short',
          kind: 'stat',
          width: 4,
          redFrom: 1,
          isZeroHealthy: true,
          queries: [['{{alertname}}', 'count by (alertname) (ALERTS{alertstate="firing"})']],
        },
      ],
    },
    {
      title: 'Rate and errors',
      panels: [
        {
          title: 'Answers by status',
          description: 'Of direct-redeem and redeem, per second.',
          unit: 'reqps',
          isStacked: true,
          queries: [['{{status}}', `sum by (status) (rate(redeem_requests_total{${SERVER}}[$__rate_interval])) > 0`]],
        },
        {
          title: 'Share of failed redemptions',
          description: 'Answers with 5xx of all answers. What a client did wrong is no failure.',
          unit: 'percentunit',
          redFrom: 0.1,
          isZeroHealthy: true,
          queries: [
            [
              'failed',
              `sum(rate(redeem_requests_total{${SERVER}, status=~"5.."}[$__rate_interval])) / sum(rate(redeem_requests_total{${SERVER}}[$__rate_interval]))`,
            ],
          ],
          runbooks: ['RedeemFailureShareHigh', 'RedeemAvailabilityBudgetBurn'],
        },
        {
          title: 'Errors by part',
          description: 'Failures of all processes, per second, by the part that failed.',
          unit: 'cps',
          isZeroHealthy: true,
          queries: [['{{error_type}}', `sum by (error_type) (rate(errors_total{${HERE}}[$__rate_interval])) > 0`]],
          runbooks: ['QueueErrorsHigh'],
        },
      ],
    },
    {
      title: 'Duration',
      panels: [
        {
          title: 'Time to an answer',
          description:
            'Of redemptions, from the parsed request to its answer. While tracing is on, each point is a request with its trace.',
          unit: 's',
          width: 12,
          hasExemplars: true,
          redFrom: 1,
          queries: quantiles('redeem_request_duration_seconds', SERVER),
          runbooks: ['RedeemLatencyBudgetBurn'],
        },
        {
          title: 'Time to the invite',
          description: 'From the acceptance to the mail handed over.',
          unit: 's',
          width: 12,
          queries: quantiles('invite_end_to_end_seconds', `job="worker", ${HERE}`),
          runbooks: ['InvitesStuck'],
        },
      ],
    },
    {
      title: 'Saturation',
      panels: [
        {
          title: 'Event loop',
          description: 'Share of time in which the event loop of a server is busy: at 1 the process is full.',
          unit: 'percentunit',
          max: 1,
          queries: [
            ['{{instance}}', `rate(nodejs_eventloop_active_seconds_total{job="server", ${HERE}}[$__rate_interval])`],
          ],
        },
        {
          title: 'Postgres pool',
          description: 'Connections in use of those that a pool may have, by process.',
          unit: 'percentunit',
          max: 1,
          queries: [
            [
              '{{job}} {{instance}}',
              `max by (job, instance) (db_pool_connections{state="using", ${HERE}}) / max by (job, instance) (db_pool_max_connections{${NO_TEST}})`,
            ],
          ],
        },
        {
          title: 'Invites pending',
          description: 'Accepted redemptions without an invite yet, by the step that they wait for.',
          unit: 'short',
          isStacked: true,
          redFrom: 1000,
          queries: [['{{status}}', `max by (status) (invite_queue_size{${NO_TEST}, status!="failed"})`]],
          runbooks: ['InvitesPending'],
        },
      ],
    },
    {
      title: 'Error budget',
      panels: [
        {
          title: 'Budget burnt: availability',
          description:
            'How fast the budget of 99.9 % availability burns, as a multiple of the rate that just lasts for 30 days; 14.4 over an hour pages.',
          unit: 'short',
          width: 12,
          redFrom: 14.4,
          isZeroHealthy: true,
          queries: [
            ['5 m', 'job:redeem_requests_failed:ratio_rate5m / 0.001'],
            ['1 h', 'job:redeem_requests_failed:ratio_rate1h / 0.001'],
            ['6 h', 'job:redeem_requests_failed:ratio_rate6h / 0.001'],
          ],
          runbooks: ['RedeemAvailabilityBudgetBurn'],
        },
        {
          title: 'Budget burnt: p99 of 1 s',
          description:
            'How fast the budget of 1 % slow redemptions burns, as a multiple of the rate that just lasts for 30 days; 14.4 over an hour pages.',
          unit: 'short',
          width: 12,
          redFrom: 14.4,
          isZeroHealthy: true,
          queries: [
            ['5 m', 'job:redeem_requests_slow:ratio_rate5m / 0.01'],
            ['1 h', 'job:redeem_requests_slow:ratio_rate1h / 0.01'],
            ['6 h', 'job:redeem_requests_slow:ratio_rate6h / 0.01'],
          ],
          runbooks: ['RedeemLatencyBudgetBurn'],
        },
      ],
    },
  ],
}
