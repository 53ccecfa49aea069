import { createAutocannonDriver } from './autocannon.ts'
import { type Driver, type Engine, loadSpecSchema } from './driver.ts'
import { createPacedDriver } from './paced.ts'

/** Adding an engine is a file, its name in driver.ts and a line here. */
const DRIVERS: Partial<Record<Engine, () => Driver>> = {
  autocannon: createAutocannonDriver,
  paced: createPacedDriver,
}

/** Makes each load by the engine that its spec names. @throws RangeError for one that is not there */
export function createDriver(): Driver {
  return {
    async load(spec, watch) {
      const { engine } = loadSpecSchema.parse(spec)
      const create = DRIVERS[engine]
      if (create === undefined) throw new RangeError(`there is no engine ${engine}`)
      return create().load(spec, watch)
    },
  }
}
