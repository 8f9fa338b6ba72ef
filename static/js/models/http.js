// Requests that are independent of the connection's transport.
export const RESPONSE_TIMEOUT = 10_000
const READY = "/readyz"

export function request(address, options = {}) {
  const signal = AbortSignal.timeout(RESPONSE_TIMEOUT)
  return fetch(address, { headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store", signal, ...options })
}

// Whether the server is reachable and ready.
export async function isReady(timeout) {
  try {
    const response = await fetch(READY, { cache: "no-store", signal: AbortSignal.timeout(timeout) })
    return response.status < 500
  } catch {
    return false
  }
}
