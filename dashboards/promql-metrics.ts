import { parser } from '@prometheus-io/lezer-promql'

/** Metrics that an expression asks for. @throws SyntaxError where it is not PromQL */
export function metricsOf(promql: string): Set<string> {
  const metrics = new Set<string>()
  parser.parse(promql).iterate({
    enter(node) {
      if (node.type.isError) throw new SyntaxError(`not PromQL at ${node.from}: ${promql}`)
      if (node.name === 'VectorSelector') {
        const name = /^[a-zA-Z_:][\w:]*/.exec(promql.slice(node.from, node.to))?.[0]
        if (name !== undefined) metrics.add(name)
      }
    },
  })
  return metrics
}

/** What Grafana fills in: every process, mode and run, over half a minute. */
export function fillIn(promql: string): string {
  return promql.replaceAll('$__rate_interval', '30s').replace(/\$(instance|mode|run)\b/g, '.*')
}
