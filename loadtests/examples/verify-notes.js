// Usage: REDLINE_URL=http://… node verify-notes.js EXPECTED
const response = await fetch(`${process.env['REDLINE_URL']}/count`)
const { notes } = await response.json()
const expected = Number(process.argv[2])
if (notes !== expected) {
  process.stderr.write(`there are ${notes} notes, not ${expected}\n`)
  process.exitCode = 1
}
