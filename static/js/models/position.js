// How far this window knows a room: every change up to `ver`. Answers tell whether to ask the server for what is missing.
export class Position {
  constructor(ver) {
    this.ver = ver
    this.catchingUp = false
  }

  // Live changes come after `ver` of the greeting.
  greet(ver) {
    this.catchingUp = ver !== this.ver
    return this.catchingUp
  }

  // A change arrived. While catching up, numbers may be missing; only `close` moves us then.
  take(ver) {
    if (this.catchingUp || ver <= this.ver) return false
    this.catchingUp = ver !== this.ver + 1
    if (!this.catchingUp) this.ver = ver
    return this.catchingUp
  }

  // The end of a page of changes.
  close(ver, more) {
    this.ver = ver
    this.catchingUp = more
    return more
  }
}
