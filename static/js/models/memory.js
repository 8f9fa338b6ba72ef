// What a window remembers across a reload: drafts and messages on their way. Gone when the person signs out.
const prefix = "teahouse."

export function remember(key, value) {
  try {
    if (value == null || value.length === 0) sessionStorage.removeItem(prefix + key)
    else sessionStorage.setItem(prefix + key, JSON.stringify(value))
  } catch {
    // Storage may be full or forbidden: then a reload forgets, nothing else.
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
    // Nothing was kept, then.
  }
}
