// Pauses between connection attempts, in milliseconds: exponential with jitter, and short while the window is
// visible.
const FIRST_PAUSE = 500
const SPREAD = 5_000
// Close codes with a pause of their own.
const GOING_AWAY = 1001
const TOO_SLOW = 4008
export const REPLACED = 4009
const FLOODING = 4029
const VISIBLE_MAX = 5_000
const HIDDEN_MAX = 30_000

export function maxPause() {
  return document.hidden ? HIDDEN_MAX : VISIBLE_MAX
}

export class Backoff {
  #attempt = 0
  // Attempts before this time (as Date.now()) are useless.
  notBefore = 0

  get attempts() {
    return this.#attempt
  }

  reset() {
    this.#attempt = 0
  }

  // The pause after a connection was closed with this code.
  next(code) {
    const max = Math.min(maxPause(), FIRST_PAUSE * 2 ** this.#attempt)
    this.#attempt += 1
    const pause = max / 2 + Math.random() * max / 2
    // A restarting server disconnects everyone at once.
    if (code === GOING_AWAY) return Math.random() * SPREAD
    if (code === TOO_SLOW) return Math.min(maxPause(), pause + 500 + Math.random() * 2_000)
    // The window that took over goes first.
    if (code === REPLACED) return 10_000 + Math.random() * SPREAD
    if (code !== FLOODING) return pause
    // wake() must not shorten this.
    this.notBefore = Date.now() + 10_000
    return 10_000 + Math.random() * SPREAD
  }
}
