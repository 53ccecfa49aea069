/** @typedef {{ code: string, detail: string, retryAfterSeconds: number | undefined }} Problem */
/**
 * A refusal is a value, and so is a server that does not answer (code `network`).
 * @template T
 * @typedef {{ ok: true, value: T, serverTimeMs: number } | { ok: false, problem: Problem }} Answer
 */
/** @typedef {{ redemption_id: string, status: string }} Accepted */
/** @typedef {{ redemption_id: string, status: string, refund_reason: string | null }} Redemption */
/** @typedef {{ session_id: string, seq: number }} Entry */
/** @typedef {{ seq: number, ahead: number, expected_wait_seconds: number | null, pass: string | null, pass_expires_at: string | null }} Place */

const PUBLIC = '/api/v1/public'
const QUEUE = '/api/v1/queue'
/** Longer than the server's own deadline for a request. */
const PATIENCE_MS = 15_000

/**
 * Redeems a code of either kind: a person need not know which one they hold. Each
 * endpoint gets a key of its own, so that a repeat never looks like another request under the same key.
 * @param {{ email: string, code: string }} wish
 * @param {{ key: string, pass: string | null }} options
 * @returns {Promise<Answer<Accepted>>}
 */
export async function redeem(wish, { key, pass }) {
  /** @type {Record<string, string>} */
  const headers = pass === null ? {} : { 'Redline-Pass': pass }
  const shared = await post(`${PUBLIC}/direct-redeem`, wish, { ...headers, 'Idempotency-Key': key })
  if (shared.ok || shared.problem.code !== 'code_not_found') return shared
  return post(`${PUBLIC}/redeem`, wish, { ...headers, 'Idempotency-Key': `${key}-personal` })
}

/** @param {string} id */
export const eventsUrl = (id) => `${PUBLIC}/redemptions/${id}/events`

/** @param {string} id @returns {Promise<Answer<Redemption>>} */
export const findRedemption = (id) => send(`${PUBLIC}/redemptions/${id}`)

/** @param {string} activityId @param {string} userHash @returns {Promise<Answer<Entry>>} */
export const enterRoom = (activityId, userHash) =>
  post(`${QUEUE}/enter`, { activity_id: activityId, user_hash: userHash })

/** @param {string} activityId @param {string} sessionId @returns {Promise<Answer<Place>>} */
export const findPlace = (activityId, sessionId) =>
  send(`${QUEUE}/status?${new URLSearchParams({ activity_id: activityId, session_id: sessionId })}`)

/** @param {string} url @param {unknown} body @param {Record<string, string>} [headers] */
function post(url, body, headers = {}) {
  const type = { 'Content-Type': 'application/json' }
  return send(url, { method: 'POST', body: JSON.stringify(body), headers: { ...type, ...headers } })
}

/** @param {string} url @param {RequestInit} [init] @returns {Promise<Answer<any>>} */
async function send(url, init = {}) {
  try {
    const response = await fetch(url, { ...init, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) })
    if (!response.ok) return { ok: false, problem: await readProblem(response) }
    const serverTimeMs = Date.parse(response.headers.get('Date') ?? '') || Date.now()
    return { ok: true, value: await response.json(), serverTimeMs }
  } catch {
    return { ok: false, problem: { code: 'network', detail: '', retryAfterSeconds: undefined } }
  }
}

/** Something between us and the server may have answered: then the status says what it can. @param {Response} response */
async function readProblem(response) {
  const body = await response.json().catch(() => ({}))
  const guess = response.status === 429 ? 'rate_limited' : response.status >= 502 ? 'unavailable' : 'other'
  const retryAfterSeconds = readRetryAfter(response.headers.get('Retry-After'))
  return { code: String(body.code ?? guess), detail: String(body.detail ?? ''), retryAfterSeconds }
}

/** Seconds, or a date. @param {string | null} header */
function readRetryAfter(header) {
  if (header === null) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : undefined
}
