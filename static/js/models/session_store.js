// Fallback for IndexedDB: values in this window's memory and, if possible, in its session storage.
const KEY = "teahouse-kept"

export class SessionStore {
  #ids
  #values

  // `ids` maps each store to its key field.
  constructor(ids) {
    this.#ids = ids
    this.#values = this.#read()
  }

  isEmpty(store) {
    return Object.keys(this.#values[store]).length === 0
  }

  all(store, userId) {
    return Object.values(this.#values[store]).filter(value => value.userId === userId)
  }

  put(store, value) {
    this.#values[store][value[this.#ids[store]]] = value
    this.#write()
  }

  remove(store, id) {
    if (!(id in this.#values[store])) return
    delete this.#values[store][id]
    this.#write()
  }

  clear(userId) {
    for (const values of Object.values(this.#values)) {
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
      if (Object.keys(this.#values).every(store => this.isEmpty(store))) sessionStorage.removeItem(KEY)
      else sessionStorage.setItem(KEY, JSON.stringify(this.#values))
    } catch {
      // Lasts as long as the page.
    }
  }
}
