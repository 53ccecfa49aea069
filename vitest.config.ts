import { defineConfig } from 'vitest/config'
import { SummaryLineReporter } from './vitest.reporter.ts'

export default defineConfig({
  test: {
    include: ['{server,worker,loadtests,dashboards,prometheus,compose}/**/*.test.ts'],
    globalSetup: ['./vitest.global-setup.ts'],
    // Only what hangs shall end here: on a machine that others use too, a simulation may take minutes.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    // A machine that others use too may take its time; nothing is asserted about speed.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', new SummaryLineReporter()],
  },
})
