// Pauses between tries, in milliseconds: they grow, are jittered so that windows do not come back all at once, and stay
// short for as long as somebody may be looking.
const FIRST = 500
const VISIBLE_MAX = 5_000
const HIDDEN_MAX = 30_000

export function longestPause() {
  return document.hidden ? HIDDEN_MAX : VISIBLE_MAX
}

export class Backoff {
  #attempt = 0

  get attempts() {
    return this.#attempt
  }

  reset() {
    this.#attempt = 0
  }

  next() {
    const longest = Math.min(longestPause(), FIRST * 2 ** this.#attempt)
    this.#attempt += 1
    return longest / 2 + Math.random() * longest / 2
  }
}
