import { createAutocannonDriver } from './autocannon.ts'
import { type Driver, type Engine, loadSpecSchema } from './driver.ts'
import { createK6Driver } from './k6.ts'
import { createPacedDriver } from './paced.ts'

/** Adding an engine is a file, its name in driver.ts and a line here. */
const DRIVERS: Record<Engine, () => Driver> = {
  autocannon: createAutocannonDriver,
  paced: createPacedDriver,
  k6: createK6Driver,
}

/** Makes each load by the engine that its spec names; each engine is made once, and keeps what serves the next load. */
export function createDriver(): Driver {
  const made: Partial<Record<Engine, Driver>> = {}
  return {
    async load(spec, watch) {
      const { engine } = loadSpecSchema.parse(spec)
      made[engine] ??= DRIVERS[engine]()
      return made[engine].load(spec, watch)
    },
  }
}
