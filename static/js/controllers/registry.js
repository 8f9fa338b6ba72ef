// A controller belongs to an element with data-controller="its name": it connects when the element is there and
// disconnects when it goes.
const RETRY_AFTER = 5_000
const classes = new Map()
const loaders = new Map()
const running = new Map()

export class Controller {
  #listening = new AbortController()

  constructor(element) {
    this.element = element
  }

  connect() {}
  disconnect() {}

  // Listens until the controller disconnects.
  on(target, type, handler, options = {}) {
    target.addEventListener(type, handler.bind(this), { ...options, signal: this.#listening.signal })
  }

  // Aborts when the controller disconnects.
  get signal() {
    return this.#listening.signal
  }

  find(selector) {
    return this.element.querySelector(selector)
  }

  tell(type, detail) {
    this.element.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }))
  }

  stop() {
    this.#listening.abort()
    this.disconnect()
  }
}

export function register(name, controller) {
  classes.set(name, controller)
}

// One that is loaded when an element asks for it; `when(run)` may put that off.
export function registerLater(name, load, when = run => run()) {
  loaders.set(name, { load, when })
}

export function start(root = document.documentElement) {
  adopt(root)
  new MutationObserver(changes => {
    for (const { addedNodes, removedNodes } of changes) {
      removedNodes.forEach(release)
      addedNodes.forEach(adopt)
    }
  }).observe(root, { childList: true, subtree: true })
}

function elements(node) {
  if (!(node instanceof Element)) return []
  const inside = [...node.querySelectorAll("[data-controller]")]
  return node.matches("[data-controller]") ? [node, ...inside] : inside
}

function adopt(node) {
  for (const element of elements(node)) {
    const name = element.dataset.controller
    const Class = classes.get(name)
    if (!Class) load(name)
    if (!Class || running.has(element) || !element.isConnected) continue
    const controller = new Class(element)
    running.set(element, controller)
    controller.connect()
  }
}

function load(name) {
  const loader = loaders.get(name)
  if (!loader || !loaders.delete(name)) return
  loader.when(async () => {
    try {
      register(name, (await loader.load()).default)
    } catch {
      // The network may be back by then.
      setTimeout(() => (loaders.set(name, loader), load(name)), RETRY_AFTER)
      return
    }
    adopt(document.documentElement)
  })
}

function release(node) {
  for (const element of elements(node)) {
    if (element.isConnected) continue
    running.get(element)?.stop()
    running.delete(element)
  }
}
