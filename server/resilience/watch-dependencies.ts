import { Gauge, type Registry } from 'prom-client'
import type { Breaker } from './breaker.ts'
import { measureProbe, type Probe } from './probe.ts'

const INTERVAL_MS = 5_000
const STATE_NUMBERS = { closed: 0, 'half-open': 1, open: 2 } as const

/** Asks each dependency every 5 s and exposes what it found as `dependency_up`; a scrape itself asks nobody. */
export function watchDependencies(registry: Registry, probes: Readonly<Record<string, Probe>>): { close(): void } {
  const gauge = new Gauge({
    name: 'dependency_up',
    help: 'Whether a dependency answered when it was last asked, 1 or 0',
    labelNames: ['dependency'],
    registers: [registry],
  })
  const look = () =>
    void Promise.all(
      Object.entries(probes).map(async ([dependency, probe]) => {
        gauge.set({ dependency }, (await measureProbe(probe)).up ? 1 : 0)
      }),
    )
  look()
  const timer = setInterval(look, INTERVAL_MS)
  return { close: () => clearInterval(timer) }
}

export function exposeBreakers(registry: Registry, breakers: readonly Breaker[]): void {
  new Gauge({
    name: 'circuit_breaker_state',
    help: 'Breaker in front of a dependency: 0 closed, 1 half-open, 2 open',
    labelNames: ['dependency'],
    registers: [registry],
    collect() {
      for (const { dependency, state } of breakers) this.set({ dependency }, STATE_NUMBERS[state])
    },
  })
}
