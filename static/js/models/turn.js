// One window of this browser after the other. One that fell asleep while it had the turn does not hold up the rest.
const PATIENCE = 15_000

// Does the work, which answers a promise, when it is this window's turn. Rejects when the turn was taken away.
export async function inTurn(name, work) {
  if (!navigator.locks) return work()
  const signal = AbortSignal.timeout(PATIENCE)
  let hasBegun = false
  const begin = () => {
    hasBegun = true
    return work()
  }
  try {
    return await navigator.locks.request(name, { signal }, begin)
  } catch (error) {
    if (hasBegun) throw error
    return signal.aborted ? navigator.locks.request(name, { steal: true }, begin) : begin()
  }
}

// Whether a window of this browser has a lock.
export async function isHeld(name) {
  const locks = await navigator.locks?.query()
  return Boolean(locks?.held.some(lock => lock.name === name))
}
