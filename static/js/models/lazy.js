// Runs right after the page's start. An idle callback would be too late if the network goes away.
export function afterStart(run) {
  queueMicrotask(run)
}

// Wraps an import: calls share one load, and a failed load is retried by the next call.
export function lazy(load) {
  let loading = null
  return () => (loading ??= load().catch(error => {
    loading = null
    throw error
  }))
}
