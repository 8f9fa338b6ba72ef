// An icon of the sprite.
const SVG = "http://www.w3.org/2000/svg"
const sprite = new URL("../../icons/sprite.svg", import.meta.url)

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("class", "icon")
  svg.setAttribute("aria-hidden", "true")
  svg.setAttribute("focusable", "false")
  const use = document.createElementNS(SVG, "use")
  use.setAttribute("href", `${sprite.pathname}#${name}`)
  svg.append(use)
  return svg
}
