import { eventsUrl, findRedemption } from './api.js'

/** @typedef {import('./api.js').Redemption} Redemption */

const FINAL = new Set(['sent', 'expired', 'refunded'])
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 15_000
/** A stream must tell the first status within this time, or something in between holds it back. */
const FIRST_EVENT_MS = 4_000
const MOST_FAILURES = 2

/** @param {string} status */
export const isFinal = (status) => FINAL.has(status)

/**
 * Tells each change of a redemption's status until the final one: by server-sent events, and where those do not work by
 * asking again and again, with pauses that grow while nothing changes.
 * @param {string} id
 * @param {{ onStatus: (redemption: Redemption) => void, onUnknown: () => void, onTrouble: () => void }} listeners
 *   `onTrouble`: the server does not answer for now; `onStatus` ends that
 * @returns {() => void} stops it
 */
export function watchRedemption(id, { onStatus, onUnknown, onTrouble }) {
  let stopped = false
  let last = ''
  let pauseMs = FIRST_PAUSE_MS
  /** @type {EventSource | undefined} */
  let source
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer

  function stop() {
    stopped = true
    source?.close()
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', askWhenVisible)
  }

  /** @param {Redemption} redemption */
  function tell(redemption) {
    if (redemption.status !== last) pauseMs = FIRST_PAUSE_MS
    last = redemption.status
    if (isFinal(last)) stop()
    onStatus(redemption)
  }

  function listen() {
    if (typeof EventSource === 'undefined') return void ask()
    let failures = 0
    const events = new EventSource(eventsUrl(id))
    source = events
    timer = setTimeout(fallBack, FIRST_EVENT_MS)
    events.addEventListener('status', ({ data }) => {
      failures = 0
      clearTimeout(timer)
      tell(JSON.parse(data))
    })
    events.addEventListener('error', () => {
      failures++
      if (failures > MOST_FAILURES || events.readyState === events.CLOSED) fallBack()
    })
  }

  function fallBack() {
    source?.close()
    source = undefined
    void ask()
  }

  async function ask() {
    clearTimeout(timer)
    const answer = await findRedemption(id)
    if (stopped) return
    if (answer.ok) tell(answer.value)
    else if (answer.problem.code === 'redemption_not_found') {
      stop()
      return onUnknown()
    } else onTrouble()
    if (stopped || source !== undefined) return
    clearTimeout(timer)
    timer = setTimeout(ask, pauseMs)
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5)
  }

  /** A phone that wakes up may hold a stream that died in its sleep: a new one has to tell the status in time, or it is asked. */
  function askWhenVisible() {
    if (document.visibilityState !== 'visible') return
    if (source === undefined) return void ask()
    source.close()
    clearTimeout(timer)
    listen()
  }

  document.addEventListener('visibilitychange', askWhenVisible)
  listen()
  return stop
}
