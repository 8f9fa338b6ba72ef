// What a socket does, without WebSocket: frames come as an event stream and go as requests. All windows of a browser share
// one stream, because over HTTP/1.1 a browser has six connections to a host: the leader (models/sharing.js) hears it and
// tells the others. Whoever takes over goes on after the last event that it heard of. Where windows cannot share, each has
// a stream of its own.
import { Requests } from "./requests.js"
import { Sharing } from "./sharing.js"
import { Views } from "./views.js"

const ALONE = "alone"
const ANSWER_WITHIN = 10_000
const SILENT_AFTER = 20_000

export class Stream {
  #on
  #requests
  #sharing = null
  #source = null
  #fresh = null
  #deadline = 0
  #heardAt = 0
  #mayHaveMissed = false
  #isOpen = false
  #last = 0
  #greeting = null
  #joining = null
  #view
  #views = new Views(() => this.#isOpen && this.#open())

  // `heard(frame)` gets every frame; `lost()` hears that the stream broke: `retry()` opens it again.
  constructor({ person, view, heard, lost }) {
    this.#on = { heard, lost }
    this.#view = { room: view, away: document.hidden }
    this.#requests = new Requests({ heard, signedOut: lost })
    if (!Sharing.isPossible) return this.#lead()
    this.#sharing = new Sharing(person, {
      lead: () => this.#lead(),
      resign: () => this.#resign(),
      asked: (tab, question) => this.#asked(tab, question),
      told: news => this.#told(news),
      about: () => this.#view,
    })
  }

  close() {
    this.#hangUp()
    this.#sharing?.stop()
    this.#on = { heard: () => {}, lost: () => {} }
  }

  retry() {
    if (!this.#isLeading) return this.#sharing.ask({ wake: true })
    if (!this.#source) this.#open()
  }

  // A network that came or went may have taken the stream along without a word: another one shows it.
  check() {
    if (this.#isLeading && this.#isOpen && Date.now() - this.#heardAt > SILENT_AFTER) this.#open(true)
  }

  send(frame) {
    if (frame.type !== "view") return this.#requests.send(frame)
    this.#view = { room: frame.roomId, away: frame.away }
    if (this.#isLeading) this.#views.show(this.#tab, this.#view)
    else this.#sharing.ask()
  }

  get #isLeading() {
    return !this.#sharing || this.#sharing.isLeader
  }

  get #tab() {
    return this.#sharing?.tab ?? ALONE
  }

  #lead() {
    this.#joining = null
    this.#views.show(this.#tab, this.#view)
    this.#open()
  }

  // Opens the stream, or another one beside it that shows another room: the first goes when the second has begun, so
  // nothing is missed between them. When the second must begin and does not, the first is lost too.
  #open(mustBegin = !this.#source) {
    const query = this.#views.take()
    if (this.#last) query.set("after", this.#last)
    const source = new EventSource(`/api/events?${query}`)
    this.#fresh?.close()
    if (this.#source) this.#fresh = source
    else this.#source = source
    clearTimeout(this.#deadline)
    this.#mayHaveMissed = mustBegin
    if (mustBegin) this.#deadline = setTimeout(() => this.#break(), ANSWER_WITHIN)
    source.onmessage = ({ data, lastEventId }) => this.#receive(source, JSON.parse(data), Number(lastEventId))
    source.onerror = () => {
      source.close()
      if (this.#source === source || mustBegin && this.#fresh === source) this.#break()
    }
  }

  // What was missed comes before the greeting.
  #receive(source, frame, id) {
    if (source !== this.#source && source !== this.#fresh) return
    this.#heardAt = Date.now()
    if (source === this.#fresh && frame.type === "hello") {
      clearTimeout(this.#deadline)
      this.#source.close()
      this.#source = source
      this.#fresh = null
      // Where nothing was missed, the greeting says nothing new.
      if (!this.#mayHaveMissed) return
    }
    if (frame.type === "hello") this.#greet(frame)
    this.#take(frame, id)
  }

  #greet({ user, epoch, version, limits }) {
    clearTimeout(this.#deadline)
    this.#isOpen = true
    this.#greeting = { user, epoch, version, limits }
  }

  // A message counts once, whichever stream or window brought it.
  #take(frame, id) {
    if (frame.type === "message" && id <= this.#last) return
    this.#last = Math.max(this.#last, id || 0)
    this.#sharing?.tell({ frame, id })
    this.#on.heard(frame)
  }

  #break() {
    this.#hangUp()
    this.#sharing?.tell({ isLost: true })
    this.#on.lost()
  }

  #hangUp() {
    clearTimeout(this.#deadline)
    this.#source?.close()
    this.#fresh?.close()
    this.#source = this.#fresh = null
    this.#isOpen = false
    this.#views.stop()
  }

  // Another window took over, perhaps while this one slept: it hears from there how everything is.
  #resign() {
    this.#hangUp()
    this.#greeting = null
  }

  #asked(tab, { bye, wake, room, away }) {
    if (bye) return this.#views.forget(tab)
    this.#views.show(tab, { room, away })
    if (wake && !this.#source) this.#open()
    this.#sharing.tell({ isOpen: this.#isOpen, greeting: this.#greeting, last: this.#last })
  }

  // As a follower

  #told({ frame, id, isLost, isOpen, greeting, last }) {
    if (isLost) {
      this.#greeting = this.#joining = null
      return this.#on.lost()
    }
    // One that slept may have missed something.
    if (isOpen && !this.#joining && (!this.#greeting || last > this.#last)) return this.#join(greeting, last)
    if (!frame) return
    if (frame.type === "hello") {
      this.#joining = null
      this.#greeting = frame
    } else if (this.#joining) return this.#joining.push([frame, id])
    if (this.#greeting) this.#take(frame, id)
  }

  // The stream is there already: its greeting is made anew, from the rooms as they are now, and then comes what was told
  // meanwhile.
  async #join(greeting, last) {
    const waiting = this.#joining = []
    try {
      const answer = await fetch("/api/rooms", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN) })
      if (!answer.ok) throw new Error(`rooms: ${answer.status}`)
      const rooms = await answer.json()
      if (this.#joining !== waiting) return
      this.#joining = null
      this.#greeting = greeting
      this.#last = Math.max(this.#last, last)
      this.#on.heard({ type: "hello", ...greeting, rooms })
      for (const [frame, id] of waiting) this.#take(frame, id)
    } catch {
      if (this.#joining !== waiting) return
      this.#joining = null
      this.#on.lost()
    }
  }
}
