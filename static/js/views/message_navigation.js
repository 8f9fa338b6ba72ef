// Arrow keys move from message to message.
export function navigateByKey(container, log, signal) {
  log.addEventListener("keydown", event => {
    const { key, target } = event
    if ((key !== "ArrowUp" && key !== "ArrowDown") || (target !== log && !target.matches(".message"))) return
    const all = [...container.querySelectorAll(":scope > .message[data-seq]")]
    const index = all.indexOf(target)
    const next = index < 0 ? lastVisible(all, log) : all[index + (key === "ArrowUp" ? -1 : 1)]
    if (!next) return
    event.preventDefault()
    next.tabIndex = -1
    next.focus()
  }, { signal })
}

function lastVisible(all, log) {
  const { bottom } = log.getBoundingClientRect()
  return all.findLast(article => article.getBoundingClientRect().top < bottom) ?? all.at(-1)
}
