import type { DashboardSpec } from './dashboard-spec.ts'

/** Of a run that `bench --push-to` or k6 pushed; k6 names a run by `--tag testid=…`. */
const RUN = 'testid=~"$run"'
/** What is pushed each second has no end of its own: Prometheus would show its last value for five minutes more. */
const fresh = (series: string) => `${series} and (time() - timestamp(${series}) < 5)`
const SECONDS = '$__rate_interval'

export const LOAD_TEST: DashboardSpec = {
  uid: 'redline-load-test',
  title: 'Redline: Load test',
  description:
    'What clients of a run see, and what the system shows, on one time axis (npm run bench -- --push-to; k6 -o experimental-prometheus-rw)',
  variables: ['run', 'instance'],
  annotations: [
    {
      name: 'trials',
      color: 'blue',
      promql: `max by (testid, mode, round) (redline_load_trial_started_timestamp_seconds{${RUN}}) * 1000`,
      title: 'round {{round}}: {{mode}} ({{testid}})',
      isValueTime: true,
    },
    {
      name: 'k6 runs',
      color: 'purple',
      promql: `count by (testid) (k6_vus{${RUN}}) unless count by (testid) (k6_vus{${RUN}} offset 30s)`,
      title: 'k6 begins {{testid}}',
    },
  ],
  rows: [
    {
      title: 'Clients',
      panels: [
        {
          title: 'Answers to clients',
          description: 'Per second, by what they mean (bench) or by status (k6).',
          unit: 'reqps',
          isStacked: true,
          queries: [
            [
              '{{mode}} {{outcome}}',
              `sum by (mode, outcome) (rate(redline_load_requests_total{${RUN}}[${SECONDS}])) > 0`,
            ],
            ['k6 {{status}}', `sum by (status) (rate(k6_http_reqs_total{${RUN}}[${SECONDS}])) > 0`],
          ],
        },
        {
          title: 'Latency at the clients',
          description: 'Of the last second’s answers; in an open loop counted from the intended moment.',
          unit: 's',
          queries: [
            ['p{{quantile}} {{mode}}', `max by (mode, quantile) (${fresh(`redline_load_latency_seconds{${RUN}}`)})`],
            ['k6 p99', `max(k6_http_req_duration_p99{${RUN}})`],
          ],
        },
        {
          title: 'Errors at the clients',
          description:
            'No answer, or one with 5xx, per second; iterations that k6 dropped because its users were all busy.',
          unit: 'cps',
          isZeroHealthy: true,
          queries: [
            ['{{mode}}', `sum by (mode) (rate(redline_load_requests_total{outcome="error", ${RUN}}[${SECONDS}]))`],
            ['k6 dropped', `sum(rate(k6_dropped_iterations_total{${RUN}}[${SECONDS}]))`],
          ],
        },
      ],
    },
    {
      title: 'Servers',
      panels: [
        {
          title: 'Answers of the servers',
          description:
            'As the servers count them, per second: beside the clients’ figure it shows what got lost between.',
          unit: 'reqps',
          isStacked: true,
          queries: [
            [
              '{{mode}} {{status}}',
              `sum by (mode, status) (rate(redeem_requests_total{instance=~"$instance"}[${SECONDS}])) > 0`,
            ],
          ],
        },
        {
          title: 'Latency in the servers',
          description: 'p99 from the parsed request to its answer: what clients see beyond it is queueing before it.',
          unit: 's',
          queries: [
            [
              'p99 {{mode}}',
              `histogram_quantile(0.99, sum by (mode, le) (rate(redeem_request_duration_seconds_bucket{instance=~"$instance"}[${SECONDS}])))`,
            ],
          ],
        },
        {
          title: 'Event loop',
          description: 'Share of time in which each process is busy: at 1 it is the limit.',
          unit: 'percentunit',
          max: 1,
          queries: [
            ['{{job}} {{instance}}', `rate(nodejs_eventloop_active_seconds_total{instance=~"$instance"}[${SECONDS}])`],
          ],
        },
        {
          title: 'Processor',
          description: 'Cores used by each part, the generator and the stores too (bench), or by each process.',
          unit: 'short',
          queries: [
            ['{{part}}', `max by (part) (redline_load_cpu_cores{${RUN}})`],
            [
              '{{job}} {{instance}}',
              `sum by (job, instance) (rate(process_cpu_seconds_total{instance=~"$instance"}[${SECONDS}]))`,
            ],
          ],
        },
        {
          title: 'Postgres pool',
          description: 'Connections in use, and who waits for one, in the servers.',
          unit: 'short',
          queries: [
            ['in use {{instance}}', 'db_pool_connections{job="server", state="using", instance=~"$instance"}'],
            ['waiting {{instance}}', 'db_pool_connections{job="server", state="waiting", instance=~"$instance"}'],
          ],
        },
        {
          title: 'Backlog',
          description: 'Accepted redemptions without an invite yet.',
          unit: 'short',
          isStacked: true,
          queries: [['{{status}}', 'max by (status) (invite_queue_size{status!="failed"})']],
          runbooks: ['InvitesPending'],
        },
      ],
    },
    {
      title: 'The machine',
      panels: [
        {
          title: 'Phase of the trial',
          description: '1 while it lasts (bench): warm-up, paused (nothing drains), drain, running, burst.',
          unit: 'short',
          width: 12,
          queries: [['{{mode}} {{phase}}', `max by (mode, phase) (${fresh(`redline_load_phase{${RUN}}`)})`]],
        },
        {
          title: 'Steal',
          description: 'Share of the processors that the hypervisor gave to others: above 10 % a trial is in doubt.',
          unit: 'percentunit',
          width: 12,
          isZeroHealthy: true,
          redFrom: 0.1,
          queries: [['steal', `max(redline_load_steal_ratio{${RUN}})`]],
        },
      ],
    },
  ],
}
