// Which room a stream that many windows share is to show: that of the window which somebody looked at last. When all are
// hidden, their person is away.
const SETTLE = 300
const AWAY_AFTER = 3_000
// Hidden windows speak up at least every minute.
const FORGET_AFTER = 150_000

export class Views {
  #windows = new Map()
  #shown = ""
  #timer = 0
  #changed

  // `changed()` hears that what `take()` answered is no longer right.
  constructor(changed) {
    this.#changed = changed
  }

  show(tab, { room, away }) {
    const known = this.#windows.get(tab)
    const isSame = known && known.room === room && known.away === away
    this.#windows.set(tab, { room, away, since: isSame ? known.since : Date.now(), heardAt: Date.now() })
    if (!isSame) this.#look()
  }

  forget(tab) {
    this.#windows.delete(tab)
    this.#look()
  }

  // The query of the stream's address for what it is to show now.
  take() {
    this.stop()
    const query = this.#query()
    this.#shown = query.toString()
    return query
  }

  stop() {
    clearTimeout(this.#timer)
  }

  #query() {
    for (const [tab, { heardAt }] of this.#windows) if (Date.now() - heardAt > FORGET_AFTER) this.#windows.delete(tab)
    const all = [...this.#windows.values()].sort((a, b) => b.since - a.since)
    const { room, away } = all.find(({ away }) => !away) ?? all[0] ?? {}
    return new URLSearchParams({ ...(room && { view: room }), ...(away && { away: true }) })
  }

  #look() {
    this.stop()
    const query = this.#query()
    if (query.toString() === this.#shown) return
    this.#timer = setTimeout(() => this.#query().toString() !== this.#shown && this.#changed(), query.has("away") ? AWAY_AFTER : SETTLE)
  }
}
