/** The fields of a stream entry by name; Redis gives names and values in turn. */
export function streamFields(fields: readonly string[]): Map<string, string> {
  const byName = new Map<string, string>()
  for (let index = 0; index + 1 < fields.length; index += 2) byName.set(fields[index] ?? '', fields[index + 1] ?? '')
  return byName
}
