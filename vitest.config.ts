import { defineConfig } from 'vitest/config'
import { SummaryLineReporter } from './vitest.reporter.ts'

export default defineConfig({
  test: {
    include: ['{server,worker,loadtests}/**/*.test.ts'],
    globalSetup: ['./vitest.global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', new SummaryLineReporter()],
  },
})
