// Pauses between tries, in milliseconds: they grow, are jittered so that windows do not come back all at once, and stay
// short for as long as somebody may be looking.
const FIRST = 500
const SPREAD = 5_000
// Close codes after which the pause is another one.
const GOING_AWAY = 1001
const TOO_SLOW = 4008
const REPLACED = 4009
const FLOODING = 4029
const VISIBLE_MAX = 5_000
const HIDDEN_MAX = 30_000

export function longestPause() {
  return document.hidden ? HIDDEN_MAX : VISIBLE_MAX
}

export class Backoff {
  #attempt = 0
  // A try before this time (as Date.now()) is of no use.
  notBefore = 0

  get attempts() {
    return this.#attempt
  }

  reset() {
    this.#attempt = 0
  }

  // The pause after a connection was closed with this code.
  next(code) {
    const longest = Math.min(longestPause(), FIRST * 2 ** this.#attempt)
    this.#attempt += 1
    const pause = longest / 2 + Math.random() * longest / 2
    // A server that stops sends everybody away at once: come back spread over five seconds.
    if (code === GOING_AWAY) return Math.random() * SPREAD
    if (code === TOO_SLOW) return Math.min(longestPause(), pause + 500 + Math.random() * 2_000)
    // Whoever took the place comes first; later there may be another one.
    if (code === REPLACED) return 10_000 + Math.random() * SPREAD
    if (code !== FLOODING) return pause
    // Waking up does not make that shorter.
    this.notBefore = Date.now() + 10_000
    return 10_000 + Math.random() * SPREAD
  }
}
