// The scroll container of a room. It is reversed in CSS: 0 is the newest message.
const NEAR_END = 100
const FAR_FROM_END = 600

export class Scroller {
  constructor(element) {
    this.element = element
  }

  get distance() {
    return Math.abs(this.element.scrollTop)
  }

  get isNearEnd() {
    return this.distance <= NEAR_END
  }

  get isFarFromEnd() {
    return this.distance > FAR_FROM_END
  }

  // Scrolls a node to the upper quarter.
  toNode(node) {
    const { top, height } = this.element.getBoundingClientRect()
    this.element.scrollTop += node.getBoundingClientRect().top - top - height / 4
  }

  toEnd() {
    this.element.scrollTop = 0
  }

  // Runs `change`, then shows the end, or else what was visible before.
  update(change, follow = this.isNearEnd) {
    if (!follow) return this.keepScrollPosition(change)
    change()
    this.toEnd()
  }

  // Runs `change` without moving what is visible.
  keepScrollPosition(change) {
    const top = this.element.getBoundingClientRect().top
    const anchor = [...this.element.querySelectorAll(".message")].find(node => node.getBoundingClientRect().bottom > top)
    const before = anchor?.getBoundingClientRect().top
    change()
    if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before
  }

  // Likewise, without announcing loaded messages to screen readers.
  withoutAnnouncing(change) {
    const { element } = this
    element.setAttribute("aria-live", "off")
    this.keepScrollPosition(change)
    setTimeout(() => element.setAttribute("aria-live", "polite"), 500)
  }
}
