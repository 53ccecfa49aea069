/**
 * Lets gauges of one scrape share one look.
 * @returns the reading that is under way, or a new one; undefined when it cannot be known
 */
export function shareReading<T>(read: () => Promise<T>): () => Promise<T | undefined> {
  let reading: Promise<T | undefined> | undefined
  return () => {
    reading ??= read()
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      })
    return reading
  }
}
