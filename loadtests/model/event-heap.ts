/** What happens at which moment; of one moment, in the order in which it was put in. */
export interface EventHeap<Event> {
  readonly size: number
  push(at: number, event: Event): void
  /** The earliest one. */
  pop(): { readonly at: number; readonly event: Event } | undefined
}

interface Entry<Event> {
  readonly at: number
  readonly order: number
  readonly event: Event
}

/** A binary heap. */
export function createEventHeap<Event>(): EventHeap<Event> {
  const entries: Entry<Event>[] = []
  let order = 0
  /** Where it belongs on the way up from this free place: later ones move down. */
  const rise = (entry: Entry<Event>, from: number): void => {
    let place = from
    for (let parent = parentOf(place); parent !== undefined && isEarlier(entry, parent); parent = parentOf(place)) {
      entries[place] = parent
      place = (place - 1) >> 1
    }
    entries[place] = entry
  }
  const parentOf = (place: number) => (place === 0 ? undefined : entries[(place - 1) >> 1])
  /** Where it belongs on the way down from the top: earlier ones move up. */
  const sink = (entry: Entry<Event>): void => {
    let place = 0
    for (;;) {
      const child = earlierChild(place)
      const below = entries[child]
      if (below === undefined || !isEarlier(below, entry)) break
      entries[place] = below
      place = child
    }
    entries[place] = entry
  }
  const earlierChild = (place: number): number => {
    const [left, right] = [entries[2 * place + 1], entries[2 * place + 2]]
    return 2 * place + (left !== undefined && right !== undefined && isEarlier(right, left) ? 2 : 1)
  }
  return {
    get size() {
      return entries.length
    },
    push(at, event) {
      const entry = { at, order: order++, event }
      entries.push(entry)
      rise(entry, entries.length - 1)
    },
    pop() {
      const first = entries[0]
      const last = entries.pop()
      if (last !== undefined && entries.length > 0) sink(last)
      return first
    },
  }
}

function isEarlier<Event>(a: Entry<Event>, b: Entry<Event>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
