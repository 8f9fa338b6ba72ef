// What this browser keeps for its people over tabs, restarts and lost connections: IndexedDB, with promises. Where that
// is refused (some private windows, a full disk) or takes its time, a window keeps things itself, while it is open.
//
// Everything kept has a `userId`; a message on its way is found by its `clientId`, a draft by its `key`. The event "kept"
// says that something was written, perhaps later than anybody waited for it.
import { WindowStore } from "./window_store.js"

const NAME = "teahouse"
const STORES = { outbox: "clientId", drafts: "key" }
const WRITE_WITHIN = 2_000
const READ_WITHIN = 5_000
const GLANCE = 200

class Store extends EventTarget {
  #database = null
  #isSlow = false
  #window = new WindowStore(STORES)

  // Whether everything in a store outlives this window.
  isLasting(store) {
    return this.#window.isEmpty(store)
  }

  // Everything that belongs to a person, and whether that is all: for a moment a database may not be readable.
  async all(store, userId) {
    let kept = null
    try {
      const reading = this.#ask("readonly", stores => stores(store).index("userId").getAll(userId))
      kept = await inTime(reading, this.#isSlow ? GLANCE : READ_WITHIN)
      this.#isSlow = false
    } catch (error) {
      this.#isSlow = error instanceof TooLate
    }
    return { values: [...(kept ?? []), ...this.#window.all(store, userId)], isWhole: kept !== null }
  }

  // Resolves when it is kept, in one way or the other.
  async put(store, value) {
    const id = value[STORES[store]]
    const writing = this.#ask("readwrite", stores => stores(store).put(value)).then(() => {
      this.#isSlow = false
      this.#window.remove(store, id)
      this.dispatchEvent(new Event("kept"))
    })
    try {
      if (this.#isSlow) throw new TooLate()
      await inTime(writing, WRITE_WITHIN)
    } catch (error) {
      writing.catch(() => {})
      this.#isSlow = error instanceof TooLate
      this.#window.put(store, value)
    }
  }

  async remove(store, id) {
    this.#window.remove(store, id)
    await this.#ask("readwrite", stores => stores(store).delete(id)).catch(() => {})
  }

  // Nothing of a person is left.
  async forget(userId) {
    this.#window.forget(userId)
    const asked = this.#ask("readwrite", stores => {
      for (const name of Object.keys(STORES)) {
        const request = stores(name).index("userId").getAllKeys(userId)
        request.onsuccess = () => request.result.forEach(key => stores(name).delete(key))
      }
    })
    await inTime(asked, READ_WITHIN).catch(() => {})
  }

  // Every transaction spans all stores, so that whatever is asked for first is done first.
  async #ask(mode, ask) {
    this.#database ??= this.#open()
    try {
      const database = await this.#database
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(Object.keys(STORES), mode)
        const request = ask(name => transaction.objectStore(name))
        transaction.oncomplete = () => resolve(request?.result)
        transaction.onabort = transaction.onerror = () => reject(transaction.error)
      })
    } catch (error) {
      // A database that was taken away may be there again the next time.
      this.#database = null
      throw error
    }
  }

  #open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1)
      request.onupgradeneeded = () => {
        for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath }).createIndex("userId", "userId")
      }
      request.onsuccess = () => {
        request.result.onclose = () => (this.#database = null)
        request.result.onversionchange = () => request.result.close()
        resolve(request.result)
      }
      request.onerror = () => reject(request.error)
    })
  }
}

class TooLate extends Error {}

function inTime(promise, milliseconds) {
  let timer
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new TooLate()), milliseconds)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export const store = new Store()
