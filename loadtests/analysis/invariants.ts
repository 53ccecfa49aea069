import type { InvariantResult } from '../run-file.ts'
import type { ClientAnswer, Evidence, RedemptionRow } from './evidence.ts'
import { checkNumbers, checkPasses, checkReleases, type RoomCheck } from './waiting-room-checks.ts'

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
const SEATED = new Set(['seated', 'sending', 'sent'])
const KEPT = 20

/**
 * The invariants by their numbers in the project's vocabulary (README); 9 and 11 need workloads of their own, and those
 * of a waiting room are checked where there was one (waiting-room-checks.ts).
 */
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

/** Of a waiting room, as far as clients can see it. */
const ROOM_INVARIANTS: readonly { number: number; title: string; check: RoomCheck }[] = [
  { number: 13, title: 'numbers of a waiting room are dense, unique and kept', check: checkNumbers },
  { number: 14, title: 'never more passes than the release rate allows', check: checkReleases },
  { number: 15, title: 'nobody redeems without a pass', check: checkPasses },
]

/** Checks all of them; a check that examined nothing shows nothing, and says so by its count. */
export function checkInvariants(evidence: Evidence): InvariantResult[] {
  const invariants = evidence.rooms === null ? INVARIANTS : [...INVARIANTS, ...roomInvariants(evidence.rooms)]
  return invariants.map(({ number, title, check }) => {
    const { examined, broken } = check(evidence)
    return { number, title, examined, broken: [...new Set(broken)].slice(0, KEPT) }
  })
}

function roomInvariants(rooms: NonNullable<Evidence['rooms']>): Invariant[] {
  return ROOM_INVARIANTS.map(({ check, ...invariant }) => ({ ...invariant, check: () => check(rooms) }))
}

/** Also from outside: people who were told 202 and not given their use back. */
function checkUses({ answers, redemptions, codes, occupancy }: Evidence): Finding {
  const refunded = new Set(redemptions.filter(({ status }) => status === 'refunded').map(({ id }) => id))
  const accepted = answers.filter(({ outcome, redemption_id: id }) => outcome === 'accepted' && !refunded.has(id))
  const told = countBy(uniqueBy(accepted, nameOf), ({ code }) => code)
  const held = countBy(redemptions.filter(holdsUse), ({ code }) => code)
  const over = codes.filter(({ code, max_uses: most }) => (told.get(code) ?? 0) > most || (held.get(code) ?? 0) > most)
  return {
    examined: codes.length + occupancy.samples,
    broken: [...over.map(({ code }) => code), ...occupancy.exceeded],
  }
}

/** The redemption must also be the one of who was told so: an answer with somebody else's id accepts nobody. */
function checkAccepted({ answers, redemptions }: Evidence): Finding {
  const rows = new Map(redemptions.map((row) => [row.id, row]))
  const accepted = uniqueBy(
    answers.filter(({ outcome }) => outcome === 'accepted'),
    (answer) => `${nameOf(answer)} ${personOf(answer)}`,
  )
  const hasEnded = (answer: ClientAnswer) => {
    const row = rows.get(answer.redemption_id)
    return row !== undefined && FINAL.has(row.status) && personOf(row) === personOf(answer)
  }
  return { examined: accepted.length, broken: accepted.filter((answer) => !hasEnded(answer)).map(nameOf) }
}

/** Somebody who was also accepted, or whose fate is not known, may hold one. */
function checkRejected({ answers, redemptions }: Evidence): Finding {
  const mayHold = new Set(answers.filter(({ outcome }) => outcome !== 'rejected').map(personOf))
  const rejected = new Set(answers.map(personOf).filter((person) => !mayHold.has(person)))
  return {
    examined: rejected.size,
    broken: redemptions.filter((row) => ACTIVE.has(row.status) && rejected.has(personOf(row))).map(({ id }) => id),
  }
}

/** A use counts from its acceptance on; that none is left on its way once drained is the matter of others. */
function checkCounts({ codes, redemptions, buckets, everyCodeHasBucket }: Evidence): Finding {
  const spent = countBy(redemptions.filter(holdsUse), ({ code }) => code)
  const broken = codes.filter(({ code, max_uses: most, used_count: used }) => {
    const left = buckets?.[code]
    const isBucketWrong = left == null ? everyCodeHasBucket : most - left !== used
    return used !== (spent.get(code) ?? 0) || isBucketWrong
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

/** Once drained only `sent` is left of the states that have a seat. */
function checkSeats({ members, teams, redemptions }: Evidence): Finding {
  const seated = new Set(redemptions.filter(({ status }) => SEATED.has(status)).map(({ id }) => id))
  const seatsOf = countBy(members, ({ redemption_id: id }) => id)
  const owners = countBy(members, ({ team_id: team, seat_no: seat }) => `${team}/${seat}`)
  const taken = countBy(members, ({ team_id: team }) => team)
  const capacity = new Map(teams.map(({ id, max_seats: most }) => [id, most]))
  const isBeyond = ({ team_id: team, seat_no: seat }: Evidence['members'][number]) =>
    seat < 1 || seat > (capacity.get(team) ?? 0)
  return {
    examined: seated.size + members.length,
    broken: [
      ...[...seated].filter((id) => seatsOf.get(id) !== 1),
      ...members.filter(({ redemption_id: id }) => !seated.has(id)).map(({ redemption_id: id }) => id),
      ...[...owners].filter(([, count]) => count > 1).map(([seat]) => `seat ${seat}`),
      ...members.filter(isBeyond).map(({ team_id: team, seat_no: seat }) => `seat ${team}/${seat}`),
      ...teams
        .filter(({ id, max_seats: most, seats_taken: told }) => (taken.get(id) ?? 0) !== told || told > most)
        .map(({ id }) => `team ${id}`),
    ],
  }
}

function checkRefunds({ answers, redemptions, refunds, invites, mails }: Evidence): Finding {
  const times = countBy(refunds, (id) => id)
  const refunded = new Set(redemptions.filter(({ status }) => status === 'refunded').map(({ id }) => id))
  const invited = new Set([...invites, ...(mails ?? []).map(({ redemption_id: id }) => id)])
  const accepted = answers.filter(({ outcome, redemption_id: id }) => outcome === 'accepted' && id !== '')
  const ids = new Set([...accepted.map(({ redemption_id: id }) => id), ...redemptions.map(({ id }) => id), ...refunds])
  const isBroken = (id: string) =>
    (times.get(id) ?? 0) > 1 || refunded.has(id) !== times.has(id) || (refunded.has(id) && invited.has(id))
  return { examined: ids.size, broken: [...ids].filter(isBroken) }
}

function checkMails({ mails, sentBeforeSink, redemptions, kills }: Evidence): Finding {
  if (mails === null) return { examined: 0, broken: [] }
  const rows = new Set(redemptions.map(({ id }) => id))
  const earlier = new Set(sentBeforeSink)
  const sent = redemptions.filter(({ id, status }) => status === 'sent' && !earlier.has(id))
  // A rebind's mail is a further one of the same redemption, with a Message-ID of its own.
  const invites = mails.filter(({ rebind_id: rebind }) => rebind === null)
  const received = countBy(invites, ({ redemption_id: id }) => id)
  const arrived = new Set(invites.map(({ redemption_id: id, to }) => `${id} ${normalise(to)}`))
  const missing = sent.filter(({ id, email }) => !arrived.has(`${id} ${normalise(email)}`)).map(({ id }) => id)
  const strange = mails.filter(({ redemption_id: id, rebind_id: rebind }) =>
    id === null ? rebind === null : !rows.has(id),
  )
  const doubled = [...received].filter(([id, times]) => id !== null && times > 1)
  const duplicates = doubled.reduce((sum, [, times]) => sum + times - 1, 0)
  return {
    examined: sent.length,
    broken: [
      ...missing,
      ...strange.map(({ redemption_id: id, to }) => id ?? `mail to ${to}`),
      ...(duplicates > kills ? doubled.map(([id]) => id as string) : []),
    ],
  }
}

/** Of the rows that are not at their end only those can be judged whose jobs are known. */
function checkOrphans({ redemptions, rebinds, pendingOutbox, liveJobs }: Evidence): Finding {
  const rows = new Set(redemptions.map(({ id }) => id))
  const known = new Set([...rows, ...rebinds])
  const carried = new Set([...pendingOutbox, ...(liveJobs ?? [])])
  const idle = redemptions.filter(({ id, status }) => !FINAL.has(status) && status !== 'refunding' && !carried.has(id))
  return {
    examined: rows.size + carried.size - (liveJobs === null ? idle.length : 0),
    broken: [...(liveJobs === null ? [] : idle.map(({ id }) => id)), ...[...carried].filter((id) => !known.has(id))],
  }
}

function checkDrained({ drained, redemptions }: Evidence): Finding {
  if (drained === null) return { examined: 0, broken: [] }
  const unfinished = redemptions.filter(({ status }) => !FINAL.has(status)).map(({ id }) => id)
  return { examined: redemptions.length, broken: drained ? unfinished : ['not in time', ...unfinished] }
}

function holdsUse({ status }: RedemptionRow): boolean {
  return ACTIVE.has(status) || status === 'expired'
}

/** What an accepted answer is called; a server that sends no id does not hide it by that. */
function nameOf({ redemption_id: id, email }: ClientAnswer): string {
  return id === '' ? `the 202 without an id for ${email}` : id
}

function personOf({ code, email }: Pick<RedemptionRow, 'code' | 'email'>): string {
  return `${code} ${normalise(email)}`
}

/** By the rule itself, not by what the system made of it. */
function normalise(email: string): string {
  return email.trim().normalize('NFC').toLowerCase()
}

function countBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, number> {
  const counts = new Map<Key, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}

function uniqueBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}
