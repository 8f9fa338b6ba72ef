// The scrolling window onto a room. It is reversed in CSS: 0 is the newest message, less is further up.
const NEAR = 100
const FAR = 600

export class Scroller {
  constructor(element) {
    this.element = element
  }

  get distance() {
    return Math.abs(this.element.scrollTop)
  }

  get isNearEnd() {
    return this.distance <= NEAR
  }

  get isFarFromEnd() {
    return this.distance > FAR
  }

  // Brings something to the upper third, unless the end is nearer than that.
  toNode(node) {
    const { top, height } = this.element.getBoundingClientRect()
    this.element.scrollTop += node.getBoundingClientRect().top - top - height / 4
  }

  toEnd() {
    this.element.scrollTop = 0
  }

  // Lets the page change while what the reader reads stays where it is.
  keepPlace(change) {
    const top = this.element.getBoundingClientRect().top
    const anchor = [...this.element.querySelectorAll(".message")].find(node => node.getBoundingClientRect().bottom > top)
    const before = anchor?.getBoundingClientRect().top
    change()
    if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before
  }

  // The same, without reading out what was only fetched from the past.
  quietly(change) {
    const { element } = this
    element.setAttribute("aria-live", "off")
    this.keepPlace(change)
    setTimeout(() => element.setAttribute("aria-live", "polite"), 500)
  }
}
