// Settings of this browser; nothing private.
const prefix = "teahouse."

export function getPreference(key) {
  try {
    return localStorage.getItem(prefix + key) === "true"
  } catch {
    return false
  }
}

export function setPreference(key, wanted) {
  try {
    if (wanted) localStorage.setItem(prefix + key, "true")
    else localStorage.removeItem(prefix + key)
  } catch {
    // Lasts as long as the page.
  }
}
