/** Of M/M/c: Poisson arrivals, exponential services, one line before all servers. */
export interface ErlangInput {
  /** Per second (or any unit of time, the same in both). */
  readonly arrivalRate: number
  /** Of one server. */
  readonly serviceRate: number
  readonly servers: number
}

export interface ErlangResult {
  /** Share of arrivals that wait (Erlang C). */
  readonly waitProbability: number
  /** Mean number waiting, those in service not included. */
  readonly queueLength: number
  /** Mean wait and service. */
  readonly responseTime: number
  /** Share of the time that a server is busy, 0…1. */
  readonly utilisation: number
}

/** 0.3 / 0.1 is a little less than 3. */
const ROUNDING = 1e-12

/**
 * M/M/c by Erlang C, through the recursion of Erlang B, which stays between 0 and 1 for any number of servers.
 * @throws RangeError for a negative rate, and for an overload with how many servers would be needed
 * Source: Erlang (1917); Cooper, Introduction to Queueing Theory (1981), §3.5.
 */
export function solveErlang(input: ErlangInput): ErlangResult {
  check(input)
  const { arrivalRate, serviceRate, servers } = input
  const load = arrivalRate / serviceRate
  if (load >= servers * (1 - ROUNDING))
    throw new RangeError(
      `the offered load of ${load} keeps ${servers} busy and the line grows without end: at least ${leastServers(load)} servers are needed`,
    )
  const waitProbability = erlangC(load, servers)
  const wait = waitProbability / (servers * serviceRate - arrivalRate)
  return {
    waitProbability,
    queueLength: arrivalRate * wait,
    responseTime: wait + 1 / serviceRate,
    utilisation: load / servers,
  }
}

/** The fewest that do not fall behind. */
export function leastServers(load: number): number {
  return Math.floor(load * (1 + ROUNDING)) + 1
}

/** Share of arrivals that are turned away where nobody can wait, of an offered load in erlangs. */
export function erlangB(load: number, servers: number): number {
  let blocked = 1
  for (let server = 1; server <= servers; server++) blocked = (load * blocked) / (server + load * blocked)
  return blocked
}

/** Share of arrivals that wait; load < servers. */
export function erlangC(load: number, servers: number): number {
  const blocked = erlangB(load, servers)
  return blocked / (1 - (load / servers) * (1 - blocked))
}

/** The wait that a share p, 0 ≤ p < 1, of arrivals does not exceed: P(W > t) = C e^−(cμ − λ)t. */
export function waitQuantile(input: ErlangInput, p: number): number {
  const { waitProbability } = solveErlang(input)
  const drain = input.servers * input.serviceRate - input.arrivalRate
  return Math.max(0, Math.log(waitProbability / (1 - p)) / drain)
}

function check({ arrivalRate, serviceRate, servers }: ErlangInput): void {
  if (!(arrivalRate > 0 && Number.isFinite(arrivalRate)))
    throw new RangeError(`the arrival rate must be above 0, not ${arrivalRate}`)
  if (!(serviceRate > 0 && Number.isFinite(serviceRate)))
    throw new RangeError(`the service rate must be above 0, not ${serviceRate}`)
  if (!(Number.isInteger(servers) && servers >= 1))
    throw new RangeError(`servers must be a whole number from 1 on, not ${servers}`)
}
