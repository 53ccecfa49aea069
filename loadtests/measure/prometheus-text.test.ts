import { expect, test } from 'vitest'
import { parsePrometheusText, sumOf } from './prometheus-text.ts'

// The example of the format's own description (prometheus.io, "Exposition formats"), shortened.
const EXAMPLE = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

http_request_duration_seconds_bucket{le="0.05",} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
rpc_duration_seconds NaN
`

test('reads labels, escapes, timestamps and values that are no numbers', () => {
  const metrics = parsePrometheusText(EXAMPLE)
  expect(metrics.get('http_requests_total')).toEqual([
    { labels: { method: 'post', code: '200' }, value: 1027 },
    { labels: { method: 'post', code: '400' }, value: 3 },
  ])
  expect(metrics.get('msdos_file_access_time_seconds')).toEqual([
    { labels: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' }, value: 1.458255915e9 },
  ])
  expect(metrics.get('metric_without_timestamp_and_labels')).toEqual([{ labels: {}, value: 12.47 }])
  expect(metrics.get('something_weird')?.[0]?.value).toBe(Number.POSITIVE_INFINITY)
  expect(metrics.get('http_request_duration_seconds_bucket')?.map(({ labels }) => labels['le'])).toEqual([
    '0.05',
    '+Inf',
  ])
  expect(metrics.get('rpc_duration_seconds')?.[0]?.value).toBeNaN()
})

test('sums what carries the labels, and tells none from zero', () => {
  const metrics = parsePrometheusText(EXAMPLE)
  expect(sumOf(metrics, 'http_requests_total')).toBe(1030)
  expect(sumOf(metrics, 'http_requests_total', { code: '400' })).toBe(3)
  expect(sumOf(metrics, 'http_requests_total', { code: '500' })).toBeNull()
  expect(sumOf(metrics, 'no_such_metric')).toBeNull()
})

test.each(['<html>not found</html>', 'metric{label=unquoted} 1', 'metric one'])('refuses %s', (line) => {
  expect(() => parsePrometheusText(line)).toThrow(RangeError)
})
