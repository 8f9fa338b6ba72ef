// Loads modules that a page does not need to show itself: at idle time, or at their first use if that comes earlier.
const IDLE_WITHIN = 2_000

// Safari has no requestIdleCallback.
export function whenIdle(run) {
  if (window.requestIdleCallback) requestIdleCallback(run, { timeout: IDLE_WITHIN })
  else setTimeout(run, IDLE_WITHIN / 10)
}

// Wraps a function that imports: calls share one load, and a failed load is tried again by the next call.
export function lazy(load) {
  let loading = null
  return () => (loading ??= load().catch(error => {
    loading = null
    throw error
  }))
}
