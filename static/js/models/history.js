// Messages of the past, over HTTP.
export class SignedOut extends Error {}

export class History {
  constructor(roomId) {
    this.address = `/rooms/${roomId}/messages`
  }

  // Up to `limit` messages right before `seq`, oldest first.
  async before(seq, limit = 50) {
    const answer = await fetch(`${this.address}?before=${seq}&limit=${limit}`, {
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
    })
    if (answer.status === 401) throw new SignedOut()
    if (!answer.ok) throw new Error(`history: ${answer.status}`)
    return answer.json()
  }
}
