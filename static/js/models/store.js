// Persistent storage in IndexedDB. Where it is unavailable (some private windows, a full disk) or slow, values are
// kept in this window.
//
// Every value has a `userId`; outbox entries are keyed by `clientId`, drafts by `key`. Event: "saved" after each
// write, even one that timed out.
import { SessionStore } from "./session_store.js"

const NAME = "teahouse"
const STORES = { outbox: "clientId", drafts: "key" }
const WRITE_TIMEOUT = 2_000
const READ_TIMEOUT = 5_000
const SHORT_READ_TIMEOUT = 200

class Store extends EventTarget {
  #database = null
  #isSlow = false
  #fallback = new SessionStore(STORES)

  // Whether everything in a store survives closing this window.
  isPersistent(store) {
    return this.#fallback.isEmpty(store)
  }

  // All values of a user, and whether the list is complete: a database may be temporarily unreadable.
  async all(store, userId) {
    let saved = null
    try {
      const reading = this.#transaction("readonly", stores => stores(store).index("userId").getAll(userId))
      saved = await withTimeout(reading, this.#isSlow ? SHORT_READ_TIMEOUT : READ_TIMEOUT)
      this.#isSlow = false
    } catch (error) {
      this.#isSlow = error instanceof TimeoutError
    }
    return { values: [...(saved ?? []), ...this.#fallback.all(store, userId)], isComplete: saved !== null }
  }

  // Resolves when the value is stored in either place.
  async put(store, value) {
    const id = value[STORES[store]]
    const writing = this.#transaction("readwrite", stores => stores(store).put(value)).then(() => {
      this.#isSlow = false
      this.#fallback.remove(store, id)
      this.dispatchEvent(new Event("saved"))
    })
    try {
      if (this.#isSlow) throw new TimeoutError()
      await withTimeout(writing, WRITE_TIMEOUT)
    } catch (error) {
      writing.catch(() => {})
      this.#isSlow = error instanceof TimeoutError
      this.#fallback.put(store, value)
    }
  }

  async remove(store, id) {
    this.#fallback.remove(store, id)
    await this.#transaction("readwrite", stores => stores(store).delete(id)).catch(() => {})
  }

  // Removes everything of a user.
  async clear(userId) {
    this.#fallback.clear(userId)
    const clearing = this.#transaction("readwrite", stores => {
      for (const name of Object.keys(STORES)) {
        const request = stores(name).index("userId").getAllKeys(userId)
        request.onsuccess = () => request.result.forEach(key => stores(name).delete(key))
      }
    })
    await withTimeout(clearing, READ_TIMEOUT).catch(() => {})
  }

  // Transactions span all stores, which keeps them in order.
  async #transaction(mode, run) {
    this.#database ??= this.#open()
    try {
      const database = await this.#database
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(Object.keys(STORES), mode)
        const request = run(name => transaction.objectStore(name))
        transaction.oncomplete = () => resolve(request?.result)
        transaction.onabort = transaction.onerror = () => reject(transaction.error)
      })
    } catch (error) {
      // A deleted database may be opened again.
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

class TimeoutError extends Error {}

function withTimeout(promise, milliseconds) {
  let timer
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new TimeoutError()), milliseconds)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export const store = new Store()
