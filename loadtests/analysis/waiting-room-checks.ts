import type { RoomEvidence } from './evidence.ts'

export type RoomCheck = (rooms: readonly RoomEvidence[]) => { examined: number; broken: string[] }

/** The harness reads Redis's clock and its own a moment apart, and its processes add a monotonic clock to the wall's. */
const CLOCK_TOLERANCE_MS = 100

/** From 1 on without a gap, but for enters of which nobody knows; nobody gets another number at a second time. */
export const checkNumbers: RoomCheck = (rooms) => ({
  examined: rooms.reduce((sum, { entered, entered_again: again }) => sum + entered.length + again.length, 0),
  broken: rooms.flatMap((room) => {
    const { entered, entered_again: again, lost_enters: lost } = room
    const numbers = new Set(entered)
    const times = new Map<number, number>()
    for (const seq of entered) times.set(seq, (times.get(seq) ?? 0) + 1)
    const highest = entered.reduce((most, seq) => Math.max(most, seq), 0)
    const missing = Array.from({ length: highest }, (_, index) => index + 1).filter((seq) => !numbers.has(seq))
    return [
      ...[...numbers].filter((seq) => (times.get(seq) ?? 0) > 1 || !Number.isInteger(seq) || seq < 1),
      ...(missing.length > lost ? missing : []),
      ...again.filter(([first, second]) => first !== second).map(([, second]) => second),
    ].map((seq) => nameOf(room, seq))
  }),
})

/** A pass for number n shows that n people were released; by then the rate must have allowed n. */
export const checkReleases: RoomCheck = (rooms) => ({
  examined: rooms.reduce((sum, { passes }) => sum + passes.length, 0),
  broken: rooms.flatMap((room) =>
    room.passes
      .filter(({ seq, at_ms: at }) => {
        const seconds = (at - room.openedAtMs + CLOCK_TOLERANCE_MS) / 1_000
        return seq > seconds * room.releasePerSecond + 1
      })
      .map(({ seq }) => nameOf(room, seq)),
  ),
})

export const checkPasses: RoomCheck = (rooms) => ({
  examined: rooms.reduce((sum, { passes, tried_without_pass: tried }) => sum + passes.length + tried, 0),
  broken: rooms.flatMap(({ accepted_without_pass: accepted }) => accepted),
})

function nameOf({ name }: RoomEvidence, seq: number): string {
  return `${name} ${seq}`
}
