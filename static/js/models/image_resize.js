// Shrinks a large photo before the upload: avatars are shown with a few hundred pixels.
const PIXELS_MAX = 4_000_000
const SHORT_SIDE = 512
const TYPES = /^image\/(jpeg|png|webp)$/
const QUALITY = 0.9
const PROBE_COLOUR = [18, 52, 86]

// Returns a smaller file, or null to send the original: small enough, or unreadable here.
export async function resizeImage(file, bytesMax) {
  if (!TYPES.test(file.type)) return null
  let bitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    return null
  }
  const isSmall = bitmap.width * bitmap.height <= PIXELS_MAX && file.size <= bytesMax
  const blob = isSmall ? null : await draw(bitmap)
  bitmap.close()
  return blob && new File([blob], "picture.jpg", { type: "image/jpeg" })
}

async function draw(bitmap) {
  const scale = Math.min(1, SHORT_SIDE / Math.min(bitmap.width, bitmap.height))
  const canvas = document.createElement("canvas")
  canvas.width = Math.round(bitmap.width * scale)
  canvas.height = Math.round(bitmap.height * scale)
  const context = canvas.getContext("2d")
  if (!isReadable(context)) return null
  context.fillStyle = "white"
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingQuality = "high"
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", QUALITY))
}

// Some browsers randomize canvas data against fingerprinting.
function isReadable(context) {
  context.fillStyle = `rgb(${PROBE_COLOUR.join(" ")})`
  context.fillRect(0, 0, 1, 1)
  const { data } = context.getImageData(0, 0, 1, 1)
  return PROBE_COLOUR.every((value, index) => data[index] === value)
}
