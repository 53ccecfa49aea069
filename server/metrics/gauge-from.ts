import { Gauge, type Registry } from 'prom-client'

/**
 * Registers a gauge whose values are read at the moment of the scrape: label value → number. A reader that fails
 * leaves the gauge empty for that scrape.
 */
export function gaugeFrom(
  registry: Registry,
  definition: { name: string; help: string; label: string },
  read: () => Record<string, number> | Promise<Record<string, number>>,
): Gauge {
  return new Gauge({
    name: definition.name,
    help: definition.help,
    labelNames: [definition.label],
    registers: [registry],
    async collect() {
      this.reset()
      const values = await Promise.resolve()
        .then(read)
        .catch(() => ({}))
      for (const [value, amount] of Object.entries(values)) this.set({ [definition.label]: value }, amount)
    },
  })
}
