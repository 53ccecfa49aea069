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
  const isEarlier = (a: Entry<Event> | undefined, b: Entry<Event> | undefined) =>
    a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order))
  const swap = (i: number, j: number) => {
    const [a, b] = [entries[i], entries[j]]
    if (a === undefined || b === undefined) return
    entries[i] = b
    entries[j] = a
  }
  const rise = (place: number): void => {
    const parent = (place - 1) >> 1
    if (place === 0 || !isEarlier(entries[place], entries[parent])) return
    swap(place, parent)
    rise(parent)
  }
  const sink = (place: number): void => {
    const [left, right] = [2 * place + 1, 2 * place + 2]
    const child = isEarlier(entries[right], entries[left]) ? right : left
    if (!isEarlier(entries[child], entries[place])) return
    swap(place, child)
    sink(child)
  }
  return {
    get size() {
      return entries.length
    },
    push(at, event) {
      entries.push({ at, order: order++, event })
      rise(entries.length - 1)
    },
    pop() {
      swap(0, entries.length - 1)
      const first = entries.pop()
      sink(0)
      return first
    },
  }
}
