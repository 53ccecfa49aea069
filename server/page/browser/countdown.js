/**
 * Counts whole seconds down by the clock, so that a tab that slept is right at once.
 * @param {number} seconds
 * @param {(left: number) => void} onTick called at once and at every second, at last with 0
 * @returns {() => void} stops it
 */
export function startCountdown(seconds, onTick) {
  const endsAt = performance.now() + seconds * 1000
  const timer = setInterval(tick, 1000)
  function tick() {
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000 - 0.05))
    if (left === 0) clearInterval(timer)
    onTick(left)
  }
  tick()
  return () => clearInterval(timer)
}
