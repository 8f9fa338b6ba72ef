// A message's text as nodes. Of the server's HTML only text, line breaks, links and mentions are kept.
import { element } from "./element.js"

export function contentNodes(html) {
  const fragment = document.createDocumentFragment()
  const { body } = new DOMParser().parseFromString(html, "text/html")
  fragment.append(...[...body.childNodes].flatMap(copy))
  return fragment
}

// An own text that has not been rendered by the server.
export function plainNodes(text) {
  const fragment = document.createDocumentFragment()
  text.split("\n").forEach((line, index) => fragment.append(...(index ? [element("br"), line] : [line])))
  return fragment
}

// Highlights mentions of me, and opens links to this site's rooms and messages in place, whatever origin is
// configured.
export function personalize(root) {
  for (const link of root.querySelectorAll("a[target]")) {
    if (isPermalink(link)) ["target", "rel"].forEach(name => link.removeAttribute(name))
  }
  for (const node of root.querySelectorAll(".mention")) node.toggleAttribute("data-me", node.dataset.userId === document.body.dataset.userId)
}

// The source text of rendered content.
export function plainText(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data
  return node.nodeName === "BR" ? "\n" : [...node.childNodes].map(plainText).join("")
}

// Whether a link leads to a room or message of this site.
function isPermalink({ origin, pathname, search, hash }) {
  return origin === location.origin && /^\/rooms\/\d+$/.test(pathname) && /^(\?at=\d+)?$/.test(search) && !hash
}

function link(node, children) {
  const href = node.getAttribute("href")
  const copied = element("a", { href }, ...children)
  if (copied.protocol !== "mailto:" && !isPermalink(copied)) Object.assign(copied, { rel: "noopener noreferrer nofollow", target: "_blank" })
  return copied
}

function mention(node, children) {
  const { userId } = node.dataset
  return element("span", { class: "mention", "data-user-id": userId, "data-me": userId === document.body.dataset.userId }, ...children)
}

function copy(node) {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)]
  if (!(node instanceof HTMLElement) || node.matches("script, style, template")) return []
  const children = [...node.childNodes].flatMap(copy)
  if (node.matches("br")) return [element("br")]
  if (node.matches('a[href^="http://" i], a[href^="https://" i], a[href^="mailto:" i]')) return [link(node, children)]
  if (node.matches("span.mention")) return [mention(node, children)]
  return children
}
