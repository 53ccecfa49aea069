/**
 * A container's health without a shell: exit code 0 when the process says that it is ready.
 * The address is the first argument, or readiness on the operations port (OPS_PORT).
 */
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.OPS_PORT ?? 9100}/health/ready`
const response = await fetch(url, { signal: AbortSignal.timeout(2_500) }).catch((error) => {
  process.stderr.write(`${url}: ${error.cause?.code ?? error.message}\n`)
  process.exit(1)
})
if (!response.ok) process.stderr.write(`${url}: ${response.status} ${await response.text()}\n`)
process.exit(response.ok ? 0 : 1)
