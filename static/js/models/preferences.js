// How a person likes this browser to be; nothing private.
const prefix = "teahouse."

export function prefers(key) {
  try {
    return localStorage.getItem(prefix + key) === "true"
  } catch {
    return false
  }
}

export function prefer(key, wanted) {
  try {
    if (wanted) localStorage.setItem(prefix + key, "true")
    else localStorage.removeItem(prefix + key)
  } catch {
    // Then it lasts as long as the page.
  }
}
