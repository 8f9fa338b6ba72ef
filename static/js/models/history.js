// Messages of the past, over HTTP.
export class SignedOut extends Error {}

export class History {
  constructor(roomId) {
    this.address = `/rooms/${roomId}/messages`
  }

  // Up to `limit` messages right before `seq`, oldest first.
  before(seq, limit = 50) {
    return this.#get(`before=${seq}&limit=${limit}`)
  }

  // Up to `limit` messages right after `seq`, oldest first.
  after(seq, limit = 50) {
    return this.#get(`after=${seq}&limit=${limit}`)
  }

  // The place of the first message said at a time or later; null when there is none. `last` is the newest place.
  async firstSince(time, last) {
    let [low, high] = [1, last + 1]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const [message] = await this.after(middle - 1, 1)
      if (message && new Date(message.createdAt) < time) low = middle + 1
      else high = middle
    }
    return low <= last ? low : null
  }

  async #get(query) {
    const answer = await fetch(`${this.address}?${query}`, {
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
    })
    if (answer.status === 401) throw new SignedOut()
    if (!answer.ok) throw new Error(`history: ${answer.status}`)
    return answer.json()
  }
}
