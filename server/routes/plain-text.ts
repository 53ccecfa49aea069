/** For `z.string().regex`: Postgres takes neither NUL nor halves of characters, and no one has a use for control characters. */
export const PLAIN_TEXT = [/^[^\p{Cc}\p{Cs}]*$/u, 'may not hold control characters'] as const
