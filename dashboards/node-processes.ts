import type { DashboardSpec } from './dashboard-spec.ts'
import { OUR_INSTANCE } from './promql.ts'

const EACH = '{{job}} {{instance}}'

export const NODE_PROCESSES: DashboardSpec = {
  uid: 'redline-node',
  title: 'Redline: Node processes',
  description: 'Event loop, processor, memory and garbage collection of every process',
  variables: ['instance'],
  rows: [
    {
      title: 'Event loop and processor',
      panels: [
        {
          title: 'Event loop',
          description: 'Share of time in which it is busy. At 1 the process is full, whatever the machine has left.',
          unit: 'percentunit',
          max: 1,
          queries: [[EACH, `rate(nodejs_eventloop_active_seconds_total{${OUR_INSTANCE}}[$__rate_interval])`]],
          runbooks: ['RedeemLatencyBudgetBurn'],
        },
        {
          title: 'Event loop lag',
          description: 'p99 of a timer of 10 ms since the scrape before, its own 10 ms included.',
          unit: 's',
          queries: [[EACH, `nodejs_eventloop_lag_p99_seconds{${OUR_INSTANCE}}`]],
        },
        {
          title: 'Processor',
          description: 'Cores used; more than 1 with garbage collection and compression on threads of their own.',
          unit: 'short',
          queries: [[EACH, `rate(process_cpu_seconds_total{${OUR_INSTANCE}}[$__rate_interval])`]],
        },
      ],
    },
    {
      title: 'Memory',
      panels: [
        {
          title: 'Resident memory',
          description: 'All that the process holds.',
          unit: 'bytes',
          queries: [[EACH, `process_resident_memory_bytes{${OUR_INSTANCE}}`]],
          runbooks: ['WorkerRestarting'],
        },
        {
          title: 'Heap in use',
          description: 'A saw is sound; a floor that rises for hours is a leak.',
          unit: 'bytes',
          queries: [[EACH, `nodejs_heap_size_used_bytes{${OUR_INSTANCE}}`]],
        },
        {
          title: 'Garbage collection',
          description: 'Share of time spent in it, by process.',
          unit: 'percentunit',
          queries: [
            [EACH, `sum by (job, instance) (rate(nodejs_gc_duration_seconds_sum{${OUR_INSTANCE}}[$__rate_interval]))`],
          ],
        },
      ],
    },
    {
      title: 'The process itself',
      panels: [
        {
          title: 'Open files',
          description: 'Sockets included: connections of clients, to Postgres and to Redis.',
          unit: 'short',
          queries: [[EACH, `process_open_fds{${OUR_INSTANCE}}`]],
        },
        {
          title: 'Active resources',
          description: 'What keeps the event loop alive: sockets, timers, requests.',
          unit: 'short',
          queries: [[EACH, `sum by (job, instance) (nodejs_active_resources{${OUR_INSTANCE}})`]],
        },
        {
          title: 'Running since',
          description: 'Age of each process. A fall to zero is a restart.',
          unit: 's',
          queries: [[EACH, `time() - process_start_time_seconds{${OUR_INSTANCE}}`]],
          runbooks: ['WorkerRestarting', 'ProcessUnreachable'],
        },
        {
          title: 'Builds',
          description: 'Processes by version, kind, limiter mode and Node.',
          unit: 'short',
          width: 24,
          queries: [
            [
              '{{kind}} {{version}}, {{mode}}, Node {{node}}',
              `count by (kind, version, mode, node) (redline_build_info{${OUR_INSTANCE}})`,
            ],
          ],
        },
      ],
    },
  ],
}
