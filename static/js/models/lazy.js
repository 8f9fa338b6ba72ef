// Loads modules that a page does not need to show itself: right after its start, or at their first use if that comes
// earlier. An idle callback would come too late for a person whose network goes at once.
export function afterStart(run) {
  queueMicrotask(run)
}

// Wraps a function that imports: calls share one load, and a failed load is tried again by the next call.
export function lazy(load) {
  let loading = null
  return () => (loading ??= load().catch(error => {
    loading = null
    throw error
  }))
}
