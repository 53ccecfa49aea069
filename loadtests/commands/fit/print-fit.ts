/** The result alone as JSON, or in words. */
export function printFit(result: object, json: boolean, describe: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(result) : describe()}\n`)
}

/** Below everything else, where they stay in sight. */
export function warningLines(warnings: readonly string[]): string[] {
  return warnings.length === 0 ? [] : ['', ...warnings.map((warning) => `! ${warning}`)]
}
