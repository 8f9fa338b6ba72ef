// Values that survive a reload of this window, until sign-out.
const prefix = "teahouse."

export function remember(key, value) {
  try {
    if (value == null || value.length === 0) sessionStorage.removeItem(prefix + key)
    else sessionStorage.setItem(prefix + key, JSON.stringify(value))
  } catch {
    // Storage is full or forbidden: a reload forgets.
  }
}

export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(prefix + key))
  } catch {
    return null
  }
}

export function forgetEverything() {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key)
  } catch {
    // Nothing was stored.
  }
}
