import type { DashboardSpec } from './dashboard-spec.ts'
import { INSTANCE, quantileBy, quantiles } from './promql.ts'

const WORKER = `job="worker", ${INSTANCE}`

export const QUEUE: DashboardSpec = {
  uid: 'redline-queue',
  title: 'Redline: Queue and workers',
  description: 'From the acceptance to the invite: what waits where, what the workers do, seats, and the waiting room',
  variables: ['instance'],
  rows: [
    {
      title: 'On their way',
      panels: [
        {
          title: 'Backlog',
          description:
            'Redemptions by the step that they wait for: stream, outbox (pending), job (waiting, active, delayed).',
          unit: 'short',
          isStacked: true,
          redFrom: 1000,
          queries: [['{{status}}', 'max by (status) (invite_queue_size{status!="failed"})']],
          runbooks: ['InvitesPending'],
        },
        {
          title: 'First in line',
          description: 'How long the first redemption of each step waits. Above 5 minutes somebody is paged.',
          unit: 's',
          isZeroHealthy: true,
          redFrom: 300,
          queries: [['{{status}}', 'max by (status) (queue_oldest_waiting_seconds)']],
          runbooks: ['InvitesStuck'],
        },
        {
          title: 'Time to the invite',
          description: 'From the acceptance to the mail handed over.',
          unit: 's',
          queries: quantiles('invite_end_to_end_seconds', WORKER),
        },
      ],
    },
    {
      title: 'Workers',
      panels: [
        {
          title: 'Processes',
          description: 'Alive by their own heartbeat, by kind.',
          unit: 'short',
          redBelow: 1,
          queries: [['{{kind}}', 'max by (kind) (processes_up)']],
          runbooks: ['ServerMissing', 'WorkerMissing', 'SchedulerMissing', 'ProcessUnreachable'],
        },
        {
          title: 'Worker starts',
          description:
            'Changes of the youngest worker in 15 minutes. More than twice per worker, and they die again and again.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['changes', 'max(changes(worker_last_start_timestamp_seconds[15m]))']],
          runbooks: ['WorkerRestarting'],
        },
        {
          title: 'Jobs',
          description: 'Runs of jobs per second, failed ones too.',
          unit: 'ops',
          queries: [
            [
              '{{exported_job}}',
              `sum by (exported_job) (rate(queue_job_duration_seconds_count{${INSTANCE}}[$__rate_interval])) > 0`,
            ],
          ],
        },
        {
          title: 'Time of an invite job',
          description: 'One run: seat, mail, record.',
          unit: 's',
          queries: quantiles('queue_job_duration_seconds', `queue="invite", ${INSTANCE}`),
        },
        {
          title: 'Failed tries',
          description: 'Share of the tries of invite jobs that failed; they are made again.',
          unit: 'percentunit',
          isZeroHealthy: true,
          redFrom: 0.05,
          queries: [['failed', 'job:invite_jobs_failed:ratio_rate5m']],
          runbooks: ['QueueErrorsHigh', 'MailUnreachable'],
        },
        {
          title: 'Retries and given up',
          description: 'Tries made again, per second, and failed jobs that stand in the queue.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [
            ['retries/s', `sum(rate(retries_total{${WORKER}}[$__rate_interval]))`],
            ['failed jobs', 'max(invite_queue_size{status="failed"})'],
          ],
        },
      ],
    },
    {
      title: 'Seats and uses',
      panels: [
        {
          title: 'Free seats',
          description: 'By group, as of the last refresh.',
          unit: 'short',
          redBelow: 10,
          queries: [['group {{group}}', 'max by (group) (available_seats_total)']],
          runbooks: ['SeatsLow'],
        },
        {
          title: 'Uses given back',
          description: 'Per second, by reason.',
          unit: 'cps',
          isZeroHealthy: true,
          queries: [['{{reason}}', `sum by (reason) (rate(refunds_total{${INSTANCE}}[$__rate_interval]))`]],
        },
        {
          title: 'Memberships ended',
          description: 'Whose time had passed, in the last hour.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['ended', `sum(increase(expired_user_cleanup_total{${WORKER}}[1h]))`]],
        },
      ],
    },
    {
      title: 'Waiting room',
      panels: [
        {
          title: 'People',
          description: 'Who waits, and who was released, in the open waiting rooms together.',
          unit: 'short',
          width: 6,
          queries: [
            ['wait', 'max(waiting_room_length)'],
            ['released', 'max(waiting_room_released)'],
          ],
        },
        {
          title: 'Entered',
          description: 'People per second; one who comes again is not counted again.',
          unit: 'cps',
          width: 6,
          queries: [['entered', `sum(rate(waiting_room_entered_total{${INSTANCE}}[$__rate_interval]))`]],
        },
        {
          title: 'Time to an answer',
          description: 'p99 of enter and status.',
          unit: 's',
          width: 6,
          queries: [['{{endpoint}}', quantileBy(0.99, 'waiting_room_request_duration_seconds', INSTANCE, 'endpoint')]],
        },
        {
          title: 'Errors',
          description: 'Answers with 4xx and 5xx, per second.',
          unit: 'reqps',
          width: 6,
          isZeroHealthy: true,
          queries: [
            [
              '{{endpoint}} {{status}}',
              `sum by (endpoint, status) (rate(waiting_room_requests_total{status=~"[45]..", ${INSTANCE}}[$__rate_interval]))`,
            ],
          ],
        },
      ],
    },
  ],
}
