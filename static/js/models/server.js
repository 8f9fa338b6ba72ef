// Questions to the server over HTTP, whichever way its frames come.
export const ANSWER_WITHIN = 10_000
const READY = "/readyz"

export function ask(address, options = {}) {
  const signal = AbortSignal.timeout(ANSWER_WITHIN)
  return fetch(address, { headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store", signal, ...options })
}

// Whether it answers, and can work.
export async function isReady(within) {
  try {
    const answer = await fetch(READY, { cache: "no-store", signal: AbortSignal.timeout(within) })
    return answer.status < 500
  } catch {
    return false
  }
}
