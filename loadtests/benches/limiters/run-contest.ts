import { bootstrapMedian } from '../../analysis/bootstrap.ts'
import { createRandom } from '../../analysis/random.ts'
import type { Interval } from '../../run-file.ts'
import type { Contest, Contestant } from './contestants.ts'
import type { Laboratory } from './laboratory.ts'

export interface ContestResult {
  readonly mode: string
  readonly peer: string
  readonly load: string
  /** Operations per second: the median over the rounds. */
  readonly ours: number
  readonly peers: number
  /** Ours ÷ peer, taken within each round. */
  readonly ratio: Interval
  /** Commands that Redis ran for one operation, those within scripts included. */
  readonly commands: { readonly ours: number; readonly peers: number }
}

interface Slot {
  readonly perSecond: number
  readonly commands: number
}

/** Both, in turn and in random order, round after round: a machine whose speed drifts hurts both alike. */
export async function runContest(
  laboratory: Laboratory,
  contest: Contest,
  { rounds, slotMs, seed }: { rounds: number; slotMs: number; seed: number },
): Promise<ContestResult> {
  const random = createRandom(seed)
  const slots: { ours: Slot; peers: Slot }[] = []
  for (let round = 0; round <= rounds; round++) {
    const measureOurs = () => measure(laboratory, contest, contest.openOurs, slotMs)
    const measurePeer = () => measure(laboratory, contest, contest.openPeer, slotMs)
    if (random() < 0.5) slots.push({ ours: await measureOurs(), peers: await measurePeer() })
    else {
      const peers = await measurePeer()
      slots.push({ ours: await measureOurs(), peers })
    }
  }
  // The first round warms the code up.
  return summarise(contest, slots.slice(1))
}

function summarise({ mode, peer, load }: Contest, slots: readonly { ours: Slot; peers: Slot }[]): ContestResult {
  const middle = (values: number[]) => bootstrapMedian(values) as Interval
  return {
    mode,
    peer,
    load,
    ours: middle(slots.map(({ ours }) => ours.perSecond)).median,
    peers: middle(slots.map(({ peers }) => peers.perSecond)).median,
    ratio: middle(slots.map(({ ours, peers }) => ours.perSecond / peers.perSecond)),
    commands: {
      ours: middle(slots.map(({ ours }) => ours.commands)).median,
      peers: middle(slots.map(({ peers }) => peers.commands)).median,
    },
  }
}

async function measure(
  laboratory: Laboratory,
  contest: Contest,
  open: (laboratory: Laboratory) => Promise<Contestant>,
  slotMs: number,
): Promise<Slot> {
  const contestant = await open(laboratory)
  try {
    // Scripts and buckets are made by the first of all.
    await contestant.operate()
    const before = await laboratory.countCommands()
    const startedAt = performance.now()
    const endsAt = startedAt + slotMs
    let operations = 0
    const worker = async () => {
      while (performance.now() < endsAt) {
        await contestant.operate()
        operations++
        // Without any wait for Redis the event loop would never turn.
        if (operations % 1_000 === 0) await new Promise(setImmediate)
      }
    }
    await Promise.all(Array.from({ length: contest.concurrency }, worker))
    const seconds = (performance.now() - startedAt) / 1_000
    const commands = (await laboratory.countCommands()) - before
    return { perSecond: operations / seconds, commands: commands / operations }
  } finally {
    await contestant.close()
  }
}
