import { Gauge, type Registry } from 'prom-client'
import { shareReading } from '../server/metrics/share-reading.ts'
import { countPeople, type RoomPeople } from '../server/waiting-room/count-people.ts'
import type { RoomStores } from '../server/waiting-room/room-stores.ts'

/** Exposes how many people wait in the open waiting rooms and how many were released; both are read at the scrape. */
export function measureRooms(registry: Registry, stores: RoomStores): void {
  const read = shareReading(() => countPeople(stores))

  function addGauge(name: string, help: string, pick: (people: RoomPeople) => number): void {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const people = await read()
        // Not known is not zero.
        if (people === undefined) this.remove()
        else this.set(pick(people))
      },
    })
  }

  addGauge('waiting_room_length', 'People of the open waiting rooms who wait to be released', ({ waiting }) => waiting)
  addGauge('waiting_room_released', 'People of the open waiting rooms who were released', ({ released }) => released)
}
