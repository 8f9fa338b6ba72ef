// The text of a message as nodes. The server's HTML is trusted for nothing but text, breaks, links and mentions.
import { element } from "./element.js"

export function contentNodes(html) {
  const fragment = document.createDocumentFragment()
  const { body } = new DOMParser().parseFromString(html, "text/html")
  fragment.append(...[...body.childNodes].flatMap(copy))
  return fragment
}

// A text of our own that the server has not seen yet.
export function plainNodes(text) {
  const fragment = document.createDocumentFragment()
  text.split("\n").forEach((line, index) => fragment.append(...(index ? [element("br"), line] : [line])))
  return fragment
}

// Names that are meant for me stand out.
export function markMentions(root) {
  for (const node of root.querySelectorAll(".mention")) node.toggleAttribute("data-me", node.dataset.userId === document.body.dataset.userId)
}

// What was typed, from what is shown.
export function plainText(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data
  return node.nodeName === "BR" ? "\n" : [...node.childNodes].map(plainText).join("")
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
  if (node.matches('a[href^="http://"], a[href^="https://"]'))
    return [element("a", { href: node.getAttribute("href"), rel: "noopener noreferrer nofollow", target: "_blank" }, ...children)]
  if (node.matches("span.mention")) return [mention(node, children)]
  return children
}
