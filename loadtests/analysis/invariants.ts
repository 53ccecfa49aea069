import type { InvariantResult } from '../run-file.ts'
import type { Evidence, RedemptionRow } from './evidence.ts'

interface Finding {
  /** How many ids were looked at. */
  readonly examined: number
  readonly broken: readonly string[]
}

interface Invariant {
  readonly number: number
  readonly title: string
  check(evidence: Evidence): Finding
}

const ACTIVE = new Set(['reserved', 'enqueued', 'seated', 'sending', 'sent'])
const FINAL = new Set(['sent', 'expired', 'refunded'])
const KEPT = 20

/** The invariants by their numbers in the project's vocabulary (README); 9 and 11 need workloads of their own. */
const INVARIANTS: readonly Invariant[] = [
  { number: 1, title: 'no code holds more uses than it has, at every sample', check: checkUses },
  { number: 2, title: 'every 202 ends as exactly one of sent or refunded', check: checkAccepted },
  { number: 3, title: 'a clear rejection leaves no active redemption', check: checkRejected },
  { number: 4, title: 'used_count = sent or expired = what the bucket says', check: checkCounts },
  { number: 5, title: 'one active redemption per code and person', check: checkOneActive },
  { number: 6, title: 'seats taken = sent, within capacity, no seat twice', check: checkSeats },
  { number: 7, title: 'at most one refund each, never both sent and refunded', check: checkRefunds },
  { number: 8, title: 'at least one mail per sent redemption, duplicates only after kills', check: checkMails },
  { number: 10, title: 'no orphans between ledger, outbox and queue', check: checkOrphans },
  { number: 12, title: 'everything drained within its time', check: checkDrained },
]

/** Checks all of them; a check that examined nothing shows nothing, and says so by its count. */
export function checkInvariants(evidence: Evidence): InvariantResult[] {
  return INVARIANTS.map(({ number, title, check }) => {
    const { examined, broken } = check(evidence)
    return { number, title, examined, broken: [...new Set(broken)].slice(0, KEPT) }
  })
}

/** Also from outside: people who were told 202 and not given their use back. */
function checkUses({ answers, redemptions, codes, occupancy }: Evidence): Finding {
  const refunded = new Set(redemptions.filter(({ status }) => status === 'refunded').map(({ id }) => id))
  const accepted = answers.filter(({ outcome, redemption_id: id }) => outcome === 'accepted' && !refunded.has(id))
  const held = countBy(
    uniqueBy(accepted, ({ redemption_id: id }) => id),
    ({ code }) => code,
  )
  const active = countBy(
    redemptions.filter(({ status }) => ACTIVE.has(status)),
    ({ code }) => code,
  )
  const over = codes.filter(
    ({ code, max_uses: most }) => (held.get(code) ?? 0) > most || (active.get(code) ?? 0) > most,
  )
  return {
    examined: codes.length + occupancy.samples,
    broken: [...over.map(({ code }) => code), ...occupancy.exceeded],
  }
}

function checkAccepted({ answers, redemptions }: Evidence): Finding {
  const statuses = new Map(redemptions.map(({ id, status }) => [id, status]))
  const ids = acceptedIds(answers)
  return { examined: ids.length, broken: ids.filter((id) => !FINAL.has(statuses.get(id) ?? 'missing')) }
}

/** Somebody who was also accepted, or whose fate is not known, may hold one. */
function checkRejected({ answers, redemptions }: Evidence): Finding {
  const holders = new Set(redemptions.filter(({ status }) => ACTIVE.has(status)).map(personOf))
  const mayHold = new Set(answers.filter(({ outcome }) => outcome !== 'rejected').map(personOf))
  const rejected = answers.filter((answer) => answer.outcome === 'rejected' && !mayHold.has(personOf(answer)))
  const broken = rejected.filter((answer) => holders.has(personOf(answer)))
  const ids = new Set(broken.map(personOf))
  return {
    examined: rejected.length,
    broken: redemptions.filter((row) => ACTIVE.has(row.status) && ids.has(personOf(row))).map(({ id }) => id),
  }
}

function checkCounts({ codes, redemptions, buckets }: Evidence): Finding {
  const spent = countBy(
    redemptions.filter(({ status }) => status === 'sent' || status === 'expired'),
    ({ code }) => code,
  )
  const broken = codes.filter(({ code, max_uses: most, used_count: used }) => {
    const left = buckets?.[code]
    return used !== (spent.get(code) ?? 0) || (left != null && most - left !== used)
  })
  return { examined: codes.length, broken: broken.map(({ code }) => code) }
}

function checkOneActive({ redemptions }: Evidence): Finding {
  const active = redemptions.filter(({ status }) => ACTIVE.has(status))
  const perPerson = countBy(active, personOf)
  return {
    examined: active.length,
    broken: active.filter((row) => (perPerson.get(personOf(row)) ?? 0) > 1).map(({ id }) => id),
  }
}

function checkSeats({ members, teams, redemptions }: Evidence): Finding {
  const sent = new Set(redemptions.filter(({ status }) => status === 'sent').map(({ id }) => id))
  const seatOf = countBy(members, ({ redemption_id: id }) => id)
  const owners = countBy(members, ({ team_id: team, seat_no: seat }) => `${team}/${seat}`)
  const taken = countBy(members, ({ team_id: team }) => team)
  return {
    examined: sent.size + members.length,
    broken: [
      ...[...sent].filter((id) => seatOf.get(id) !== 1),
      ...members.filter(({ redemption_id: id }) => !sent.has(id)).map(({ redemption_id: id }) => id),
      ...[...owners].filter(([, count]) => count > 1).map(([seat]) => `seat ${seat}`),
      ...teams
        .filter(({ id, max_seats: most, seats_taken: told }) => (taken.get(id) ?? 0) !== told || told > most)
        .map(({ id }) => `team ${id}`),
    ],
  }
}

function checkRefunds({ answers, redemptions, refunds, mails }: Evidence): Finding {
  const times = countBy(refunds, (id) => id)
  const refunded = new Set(redemptions.filter(({ status }) => status === 'refunded').map(({ id }) => id))
  const mailed = new Set(mails?.map(({ redemption_id: id }) => id))
  const ids = new Set([...acceptedIds(answers), ...redemptions.map(({ id }) => id)])
  const isBroken = (id: string) =>
    (times.get(id) ?? 0) > 1 || refunded.has(id) !== times.has(id) || (refunded.has(id) && mailed.has(id))
  return { examined: ids.size, broken: [...ids].filter(isBroken) }
}

function checkMails({ mails, redemptions, kills }: Evidence): Finding {
  if (mails === null) return { examined: 0, broken: [] }
  const sent = redemptions.filter(({ status }) => status === 'sent')
  const received = countBy(mails, ({ redemption_id: id }) => id)
  const address = new Map(mails.map(({ redemption_id: id, to }) => [id, to]))
  const doubled = sent.filter(({ id }) => (received.get(id) ?? 0) > 1).map(({ id }) => id)
  const missing = sent.filter(({ id, email }) => address.get(id) !== email).map(({ id }) => id)
  return { examined: sent.length, broken: [...missing, ...(doubled.length > kills ? doubled : [])] }
}

function checkOrphans({ redemptions, pendingOutbox, liveJobs }: Evidence): Finding {
  const rows = new Set(redemptions.map(({ id }) => id))
  const carried = new Set([...pendingOutbox, ...liveJobs])
  const idle = redemptions.filter(({ id, status }) => !FINAL.has(status) && status !== 'refunding' && !carried.has(id))
  return {
    examined: rows.size + carried.size,
    broken: [...idle.map(({ id }) => id), ...[...carried].filter((id) => !rows.has(id))],
  }
}

function checkDrained({ drained, redemptions }: Evidence): Finding {
  if (drained === null) return { examined: 0, broken: [] }
  const unfinished = redemptions.filter(({ status }) => !FINAL.has(status)).map(({ id }) => id)
  return { examined: redemptions.length, broken: drained ? unfinished : ['not in time', ...unfinished] }
}

function acceptedIds(answers: Evidence['answers']): string[] {
  return [...new Set(answers.filter(({ outcome }) => outcome === 'accepted').map(({ redemption_id: id }) => id))]
}

function personOf({ code, email }: Pick<RedemptionRow, 'code' | 'email'>): string {
  return `${code} ${email}`
}

function countBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, number> {
  const counts = new Map<Key, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}

function uniqueBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}
