/** One page of a list by keyset: `after` is the key of the last row that the asker has. */
export interface PageWish {
  readonly limit: number
  readonly after?: string | number | undefined
}

export interface Page<Row> {
  readonly items: readonly Row[]
  /** For `after`, to get the next page; null when this was the last one. */
  readonly next: string | null
}

/** @param rows up to `limit + 1` of them: the one too many tells that there is another page */
export function toPage<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string | number): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? String(keyOf(last)) : null }
}
