/** A dashboard as it is written here; `build-dashboard.ts` makes Grafana's JSON of it. */
export interface DashboardSpec {
  /** Stable: links and bookmarks hang on it. Also the name of its file. */
  readonly uid: string
  readonly title: string
  readonly description: string
  /** Of the variables that every dashboard may have, those that its queries use. */
  readonly variables: readonly VariableName[]
  readonly rows: readonly { readonly title: string; readonly panels: readonly PanelSpec[] }[]
  /** Marks on the time axis. */
  readonly annotations?: readonly AnnotationSpec[]
}

export type VariableName = 'mode' | 'instance' | 'run'

export interface PanelSpec {
  readonly title: string
  /** What it shows and what to make of it. */
  readonly description: string
  /** Of Grafana's names: `s`, `reqps`, `percentunit`, `bytes`, `short`, … */
  readonly unit: string
  /** Legend (with `{{label}}`) and PromQL. */
  readonly queries: readonly (readonly [legend: string, promql: string])[]
  /** Of 24 columns; a third by default, which can be read on a laptop as well. */
  readonly width?: number
  readonly kind?: 'timeseries' | 'stat'
  /** Empty or zero while all is well, which its description then says. */
  readonly isZeroHealthy?: boolean
  /** Only where its data comes from this: it may be empty elsewhere. */
  readonly source?: 'k6'
  readonly isStacked?: boolean
  /** Shows traces of single requests on it, while tracing is on. */
  readonly hasExemplars?: boolean
  /** From here on it is red. */
  readonly redFrom?: number
  /** Below this it is red. */
  readonly redBelow?: number
  readonly max?: number
  /** Alerts that this panel is about: their runbooks are linked. */
  readonly runbooks?: readonly string[]
}

export interface AnnotationSpec {
  readonly name: string
  readonly color: string
  readonly promql: string
  readonly title: string
  /** The value is the moment (milliseconds since the epoch), not the time of the sample. */
  readonly isValueTime?: boolean
}
