import type { DashboardSpec } from './dashboard-spec.ts'
import { INSTANCE, OUR_INSTANCE, quantileBy, quantiles } from './promql.ts'

export const POOLS: DashboardSpec = {
  uid: 'redline-pools',
  title: 'Redline: Pools and database',
  description: 'Postgres pools and statements, Redis connections and commands, and whether both are there',
  variables: ['instance'],
  rows: [
    {
      title: 'Postgres pools',
      panels: [
        {
          title: 'Connections in use',
          description: 'By process. Near its most, whoever comes waits.',
          unit: 'short',
          queries: [
            ['{{job}} {{instance}}', `db_pool_connections{state="using", ${INSTANCE}}`],
            ['most: {{job}}', `max by (job) (db_pool_max_connections{${INSTANCE}})`],
          ],
        },
        {
          title: 'Waiting for a connection',
          description: 'Who waits for the pool at the moment of the scrape.',
          unit: 'short',
          isZeroHealthy: true,
          queries: [['{{job}} {{instance}}', `db_pool_connections{state="waiting", ${INSTANCE}}`]],
          runbooks: ['RedeemLatencyBudgetBurn'],
        },
        {
          title: 'Time waited for a connection',
          description: 'In the servers; far below a statement’s own time while the pool is large enough.',
          unit: 's',
          queries: quantiles('db_pool_wait_seconds', `job="server", ${INSTANCE}`),
        },
        {
          title: 'Connections of all pools',
          description:
            'Open ones, by kind of process. The sum must stay below max_connections (npm run doctor adds it up).',
          unit: 'short',
          isStacked: true,
          queries: [['{{job}}', `sum by (job) (db_pool_connections{state="size", ${INSTANCE}})`]],
        },
        {
          title: 'Statements',
          description: 'Sent to Postgres, per second, by what caused them; BEGIN and COMMIT not counted.',
          unit: 'ops',
          queries: [['{{cause}}', `sum by (cause) (rate(sql_statements_total{${INSTANCE}}[$__rate_interval])) > 0`]],
        },
        {
          title: 'Slow statements',
          description: 'Longer than SLOW_QUERY_MS (100 ms), per second; their plans are in the log.',
          unit: 'cps',
          isZeroHealthy: true,
          queries: [
            ['{{statement}}', `sum by (statement) (rate(db_slow_queries_total{${INSTANCE}}[$__rate_interval])) > 0`],
          ],
        },
      ],
    },
    {
      title: 'Statements',
      panels: [
        {
          title: 'Slowest statements',
          description: 'p99 of the ten slowest, from sending to the answer.',
          unit: 's',
          width: 12,
          queries: [
            ['{{statement}}', `topk(10, ${quantileBy(0.99, 'db_query_duration_seconds', INSTANCE, 'statement')})`],
          ],
        },
        {
          title: 'Time in statements',
          description: 'Seconds of statements per second: which of them keep the database busy.',
          unit: 'short',
          width: 12,
          isStacked: true,
          queries: [
            [
              '{{statement}}',
              `topk(10, sum by (statement) (rate(db_query_duration_seconds_sum{${INSTANCE}}[$__rate_interval]))) > 0`,
            ],
          ],
        },
      ],
    },
    {
      title: 'Redis',
      panels: [
        {
          title: 'Connections',
          description: 'To Redis, by state. not_ready for longer than a moment: it is away, or refuses.',
          unit: 'short',
          queries: [['{{job}} {{state}}', `sum by (job, state) (redis_connections{${INSTANCE}}) > 0`]],
          runbooks: ['RedisUnreachable'],
        },
        {
          title: 'Slowest commands',
          description:
            'p99 by command, from the client’s call to the answer. xreadgroup and brpoplpush block on purpose until there is something to read, and are left out.',
          unit: 's',
          queries: [
            [
              '{{command}}',
              `topk(10, ${quantileBy(0.99, 'redis_command_duration_seconds', `command!~"xreadgroup|brpoplpush|bzpopmin", ${INSTANCE}`, 'command')})`,
            ],
          ],
        },
        {
          title: 'Commands and round trips',
          description: 'Per second, by what caused them. A pipeline is one round trip with many commands.',
          unit: 'ops',
          queries: [
            [
              'commands: {{cause}}',
              `sum by (cause) (rate(redis_commands_total{${OUR_INSTANCE}}[$__rate_interval])) > 0`,
            ],
            ['trips: {{cause}}', `sum by (cause) (rate(redis_round_trips_total{${INSTANCE}}[$__rate_interval])) > 0`],
          ],
        },
      ],
    },
    {
      title: 'Are they there?',
      panels: [
        {
          title: 'Dependencies',
          description: 'Least answer of all processes to their last question (every 5 s): 1 there, 0 away.',
          unit: 'short',
          width: 12,
          max: 1,
          queries: [['{{dependency}}', `min by (dependency) (dependency_up{${INSTANCE}})`]],
          runbooks: ['RedisUnreachable', 'PostgresUnreachable', 'MailUnreachable'],
        },
        {
          title: 'Circuit breakers',
          description: '0 closed, 1 tries again, 2 open: calls fail at once.',
          unit: 'short',
          width: 12,
          isZeroHealthy: true,
          queries: [['{{job}} {{dependency}}', `max by (job, dependency) (circuit_breaker_state{${INSTANCE}})`]],
        },
      ],
    },
  ],
}
