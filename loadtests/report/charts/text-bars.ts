import { describeUse, type StationUseChart, shareOf } from './station-use.ts'

const WIDTH = 30

/** The use of stations in plain characters: a bar each, up to all that the station has. */
export function drawTextBars({ title, stations }: StationUseChart): string {
  const margin = Math.max(0, ...stations.map(({ name }) => name.length))
  const lines = stations.map((station) => {
    const filled = Math.round(WIDTH * Math.min(1, shareOf(station) ?? 0))
    const bar = `${'█'.repeat(filled)}${'·'.repeat(shareOf(station) === null ? 0 : WIDTH - filled)}`
    return `${station.name.padStart(margin)} │${bar.padEnd(WIDTH)} ${describeUse(station)}`
  })
  return [title, ...lines].join('\n')
}
