// Locks that one window of this browser holds at a time. A suspended owner loses its lock.
const TIMEOUT = 15_000

// Runs `work`, which returns a promise, while holding the lock. Rejects when the lock is stolen.
export async function withLock(name, work) {
  if (!navigator.locks) return work()
  const signal = AbortSignal.timeout(TIMEOUT)
  let hasRun = false
  const run = () => {
    hasRun = true
    return work()
  }
  try {
    return await navigator.locks.request(name, { signal }, run)
  } catch (error) {
    if (hasRun) throw error
    return signal.aborted ? navigator.locks.request(name, { steal: true }, run) : run()
  }
}

// Whether any window of this browser holds the lock.
export async function isLockHeld(name) {
  const locks = await navigator.locks?.query()
  return Boolean(locks?.held.some(lock => lock.name === name))
}
