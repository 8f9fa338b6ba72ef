// Chooses the room that a shared event stream shows: that of the window viewed last. When all windows are hidden, the
// user is away.
const SETTLE_TIME = 300
const AWAY_AFTER = 3_000
// Hidden windows report at least every minute.
const FORGET_AFTER = 150_000

export class ShownRoom {
  #windows = new Map()
  #shown = ""
  #timer = 0
  #onChange

  // Calls `onChange()` when the result of `takeQuery()` is outdated.
  constructor(onChange) {
    this.#onChange = onChange
  }

  update(tab, { room, away }) {
    const known = this.#windows.get(tab)
    const isSame = known && known.room === room && known.away === away
    this.#windows.set(tab, { room, away, since: isSame ? known.since : Date.now(), reportedAt: Date.now() })
    if (!isSame) this.#check()
  }

  remove(tab) {
    this.#windows.delete(tab)
    this.#check()
  }

  // The stream's query for the room to show now.
  takeQuery() {
    this.stop()
    const query = this.#query()
    this.#shown = query.toString()
    return query
  }

  stop() {
    clearTimeout(this.#timer)
  }

  #query() {
    for (const [tab, { reportedAt }] of this.#windows) if (Date.now() - reportedAt > FORGET_AFTER) this.#windows.delete(tab)
    const all = [...this.#windows.values()].sort((a, b) => b.since - a.since)
    const { room, away } = all.find(({ away }) => !away) ?? all[0] ?? {}
    return new URLSearchParams({ ...(room && { view: room }), ...(away && { away: true }) })
  }

  #check() {
    this.stop()
    const query = this.#query()
    if (query.toString() === this.#shown) return
    this.#timer = setTimeout(() => this.#query().toString() !== this.#shown && this.#onChange(), query.has("away") ? AWAY_AFTER : SETTLE_TIME)
  }
}
