// Where nothing better is to be had: what a window keeps while it is open, from page to page if it may.
const KEY = "teahouse-kept"

export class WindowStore {
  #ids
  #kept

  // `ids` names each store and the field by which its values are found.
  constructor(ids) {
    this.#ids = ids
    this.#kept = this.#read()
  }

  isEmpty(store) {
    return Object.keys(this.#kept[store]).length === 0
  }

  all(store, userId) {
    return Object.values(this.#kept[store]).filter(value => value.userId === userId)
  }

  put(store, value) {
    this.#kept[store][value[this.#ids[store]]] = value
    this.#write()
  }

  remove(store, id) {
    if (!(id in this.#kept[store])) return
    delete this.#kept[store][id]
    this.#write()
  }

  forget(userId) {
    for (const values of Object.values(this.#kept)) {
      for (const [id, value] of Object.entries(values)) if (value.userId === userId) delete values[id]
    }
    this.#write()
  }

  #read() {
    const empty = Object.fromEntries(Object.keys(this.#ids).map(store => [store, {}]))
    try {
      return { ...empty, ...JSON.parse(sessionStorage.getItem(KEY)) }
    } catch {
      return empty
    }
  }

  #write() {
    try {
      if (Object.keys(this.#kept).every(store => this.isEmpty(store))) sessionStorage.removeItem(KEY)
      else sessionStorage.setItem(KEY, JSON.stringify(this.#kept))
    } catch {
      // Then it lasts as long as the page.
    }
  }
}
