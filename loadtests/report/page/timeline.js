// The only script of the report: panels over time that share one clock and one cursor. It runs in the browser, after
// uPlot, on the data that sections/timeline.ts put into the page.
;(() => {
  const source = document.getElementById('timeline-data')
  if (!source) return
  const trials = JSON.parse(source.textContent)
  const root = document.documentElement
  const HEIGHT = 165

  // Series are [column, label, colour, dashed]; a panel's range covers all trials, so that two can be compared.
  const PANELS = [
    panel('Answers', 'per second', [
      ['accepted', 'accepted', 'mode'],
      ['served', 'served (statuses, places, repeats)', '--good'],
      ['refused', 'refused', '--doubt'],
      ['errors', 'errors', '--bad'],
    ]),
    panel('Latency', 'ms, log scale', [
      ['p50', 'p50', 'mode'],
      ['p99', 'p99', '--red'],
    ]),
    panel('CPU', 'cores', [
      ['cpu_server', 'server', '--server'],
      ['cpu_worker', 'worker', '--worker'],
      ['cpu_scheduler', 'scheduler', '--scheduler'],
      ['cpu_postgres', 'postgres', '--postgres'],
      ['cpu_redis', 'redis', '--redis'],
      ['cpu_generator', 'generator', '--generator'],
    ]),
    panel('Postgres pool', 'connections of the servers', [
      ['pool_in_use', 'in use', 'mode'],
      ['pool_waiting', 'waiting', '--red'],
      ['lock_waiting', 'waiting for a lock', '--doubt'],
      ['pool_size', 'size', '--faint', true],
    ]),
    panel('Waited for the pool', 'ms', [['pool_wait_ms', 'mean', 'mode']]),
    panel('Waiting in the limiter', 'requests', [['limiter', 'waiting', 'mode']]),
    panel('Queue depth', 'redemptions', [
      ['stream', 'stream', '--redis'],
      ['outbox', 'outbox', '--postgres'],
      ['jobs', 'jobs', '--worker'],
    ]),
    panel('Event-loop lag', 'ms, mean of the servers', [['loop_lag', 'lag', 'mode']]),
    panel('Shares', '0 to 1', [
      ['loop_utilisation', 'event loop busy', 'mode'],
      ['steal', 'steal', '--red'],
    ]),
  ]

  // What a team asked its own Prometheus, each query in a panel of its own.
  for (const column of new Set(trials.flatMap((trial) => Object.keys(trial.columns))))
    if (column.startsWith('extra: ')) PANELS.push(panel(column.slice(7), 'by Prometheus', [[column, 'value', 'mode']]))

  const rounds = [...new Set(trials.map((trial) => trial.round))].sort((a, b) => a - b)
  const modes = [...new Set(trials.map((trial) => trial.mode))]
  const state = { mode: modes.includes('token-bucket') ? 'token-bucket' : modes[0], round: rounds[0], shared: true }
  let charts = []

  function panel(title, unit, series) {
    return { title, unit, series, log: unit.includes('log'), max: 0 }
  }

  function colour(name, trial) {
    return getComputedStyle(root)
      .getPropertyValue(name === 'mode' ? `--${trial.mode}` : name)
      .trim()
  }

  function highest(definition, among) {
    const values = among.flatMap((trial) => definition.series.flatMap(([column]) => trial.columns[column] ?? []))
    return values.reduce((max, value) => Math.max(max, value ?? 0), 0)
  }

  function lowest(definition, among) {
    const values = among.flatMap((trial) => definition.series.flatMap(([column]) => trial.columns[column] ?? []))
    return values.reduce((min, value) => (value > 0 ? Math.min(min, value) : min), Number.POSITIVE_INFINITY)
  }

  function rangeOf(definition, trial) {
    const among = state.shared ? trials : [trial]
    const max = highest(definition, among)
    if (definition.log) return [lowest(definition, among) / 1.2, max * 1.2]
    return [0, max > 0 ? max * 1.06 : 1]
  }

  function short(value) {
    if (value === null || value === undefined) return ''
    if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
    return String(Number(value.toPrecision(3)))
  }

  function compact(value) {
    if (value === null) return ''
    return Math.abs(value) >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3)))
  }

  function drawPhases(trial) {
    return (chart) => {
      const { ctx, bbox } = chart
      const scale = window.devicePixelRatio || 1
      ctx.save()
      ctx.font = `${10 * scale}px system-ui, sans-serif`
      ctx.textBaseline = 'top'
      for (const [index, phase] of trial.phases.entries()) {
        const from = chart.valToPos(Math.max(phase.from, chart.scales.x.min), 'x', true)
        const to = chart.valToPos(Math.min(phase.to, chart.scales.x.max), 'x', true)
        ctx.fillStyle = colour('--band', trial)
        if (index % 2 === 0) ctx.fillRect(from, bbox.top, to - from, bbox.height)
        ctx.fillStyle = colour('--faint', trial)
        const fits = ctx.measureText(phase.name).width < to - from - 6 * scale
        if (fits) ctx.fillText(phase.name, from + 4 * scale, bbox.top + 3 * scale)
      }
      ctx.restore()
    }
  }

  function axis(trial, options) {
    const grid = { stroke: colour('--grid', trial), width: 1 }
    const font = '11px system-ui, sans-serif'
    return { stroke: colour('--faint', trial), font, grid, ticks: { show: false }, ...options }
  }

  function optionsFor(definition, trial, series, width) {
    return {
      width,
      height: HEIGHT,
      scales: {
        x: { time: false, range: (_, min, max) => [min, Math.max(max, min + 1)] },
        y: { distr: definition.log ? 3 : 1, range: () => rangeOf(definition, trial) },
      },
      axes: [
        axis(trial, { size: 22, gap: 3, values: (_, ticks) => ticks.map((tick) => `${tick} s`) }),
        axis(trial, { size: 42, gap: 4, values: (_, ticks) => ticks.map(compact) }),
      ],
      legend: { markers: { width: 0, fill: (_, index) => series[index - 1]?.stroke } },
      cursor: { sync: { key: 'timeline' }, y: false, points: { size: 6 }, drag: { x: false, y: false } },
      series: [{ label: 'at', value: (_, value) => (value === null ? '' : `at ${value} s`) }, ...series],
      hooks: { drawClear: [drawPhases(trial)] },
    }
  }

  /** A second between two without a value has no line to be on. */
  function isolatedPoints(chart, index) {
    const values = chart.data[index]
    const isMissing = (at) => values[at] === null || values[at] === undefined
    const found = values.flatMap((_, at) => (!isMissing(at) && isMissing(at - 1) && isMissing(at + 1) ? [at] : []))
    return found.length === 0 ? null : found
  }

  function drawPanel(definition, trial, parent) {
    const box = document.createElement('div')
    box.className = 'panel'
    const title = document.createElement('h3')
    const unit = document.createElement('small')
    unit.textContent = definition.unit
    title.append(`${definition.title} `, unit)
    box.append(title)
    parent.append(box)
    const known = definition.series.filter(([column]) => trial.columns[column]?.some((value) => value !== null))
    if (known.length === 0) {
      const absent = document.createElement('p')
      absent.className = 'absent'
      absent.textContent = `Nothing of this kind in ${trial.mode}.`
      box.append(absent)
      return
    }
    const series = known.map(([, label, name, dashed]) => ({
      label,
      stroke: colour(name, trial),
      width: 1.6,
      points: { show: false, size: 4, filter: isolatedPoints },
      value: (_, value) => short(value),
      ...(dashed ? { dash: [4, 4], width: 1 } : {}),
    }))
    const columns = [trial.columns.t, ...known.map(([column]) => trial.columns[column])]
    charts.push(new uPlot(optionsFor(definition, trial, series, box.clientWidth), columns, box))
  }

  function draw() {
    for (const chart of charts) chart.destroy()
    charts = []
    const parent = document.getElementById('timeline-panels')
    parent.replaceChildren()
    const trial = trials.find((candidate) => candidate.mode === state.mode && candidate.round === state.round)
    if (trial) for (const definition of PANELS) drawPanel(definition, trial, parent)
    else parent.textContent = `${state.mode} was not tried in round ${state.round}.`
  }

  function choices(label, values, key, decorate) {
    const group = document.createElement('div')
    group.className = 'choices'
    group.setAttribute('role', 'group')
    group.setAttribute('aria-label', label)
    for (const value of values) {
      const button = document.createElement('button')
      button.type = 'button'
      button.append(...decorate(value))
      button.setAttribute('aria-pressed', String(state[key] === value))
      button.addEventListener('click', () => {
        state[key] = value
        for (const other of group.children) other.setAttribute('aria-pressed', String(other === button))
        draw()
      })
      group.append(button)
    }
    return group
  }

  function swatch(mode) {
    const name = document.createElement('span')
    name.className = `mode m-${mode}`
    name.append(document.createElement('i'), mode)
    return [name]
  }

  function sharedScales() {
    const label = document.createElement('label')
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.checked = state.shared
    box.addEventListener('change', () => {
      state.shared = box.checked
      draw()
    })
    label.append(box, ' same scales for all trials')
    return label
  }

  function redrawForPrint(printing) {
    root.classList.toggle('printing', printing)
    draw()
  }

  const controls = document.getElementById('timeline-controls')
  controls.append(
    choices('mode', modes, 'mode', swatch),
    choices('round', rounds, 'round', (round) => [`round ${round}`]),
    sharedScales(),
  )
  draw()

  let width = window.innerWidth
  window.addEventListener('resize', () => {
    if (window.innerWidth === width) return
    width = window.innerWidth
    draw()
  })
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
  window.addEventListener('beforeprint', () => redrawForPrint(true))
  window.addEventListener('afterprint', () => redrawForPrint(false))
})()
