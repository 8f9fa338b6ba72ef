// Connects a controller to each element with data-controller="its name" when the element is added, and disconnects it
// when the element is removed.
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

  // Adds a listener that is removed on disconnect.
  on(target, type, handler, options = {}) {
    target.addEventListener(type, handler.bind(this), { ...options, signal: this.#listening.signal })
  }

  // Aborted on disconnect.
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

// Registers a controller that is loaded when an element needs it; `when(run)` may delay that.
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
