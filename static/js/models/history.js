// Loads earlier messages over HTTP.
export class SignedOut extends Error {}

export class History {
  constructor(roomId) {
    this.address = `/rooms/${roomId}/messages`
  }

  // Up to `limit` messages before `seq`, oldest first.
  before(seq, limit = 50) {
    return this.#get(`before=${seq}&limit=${limit}`)
  }

  // Up to `limit` messages after `seq`, oldest first.
  after(seq, limit = 50) {
    return this.#get(`after=${seq}&limit=${limit}`)
  }

  // The `seq` of the first message at a time or later, or null. `last` is the newest `seq`.
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
    const response = await fetch(`${this.address}?${query}`, {
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
    })
    if (response.status === 401) throw new SignedOut()
    if (!response.ok) throw new Error(`history: ${response.status}`)
    return response.json()
  }
}
