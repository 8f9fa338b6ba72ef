// Makes a large photograph small before it is sent: a picture of a few hundred pixels is all that will be shown.
const PIXELS_MAX = 4_000_000
const SHORT_SIDE = 512
const KINDS = /^image\/(jpeg|png|webp)$/
const QUALITY = 0.9
const COLOUR = [18, 52, 86]

// Answers a smaller file, or null when the file goes as it is: small enough, or nothing that this browser can read.
export async function shrunk(file, bytesMax) {
  if (!KINDS.test(file.type)) return null
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
  if (!isHonest(context)) return null
  context.fillStyle = "white"
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingQuality = "high"
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", QUALITY))
}

// Some browsers hide what was drawn, so that nobody is recognised by it.
function isHonest(context) {
  context.fillStyle = `rgb(${COLOUR.join(" ")})`
  context.fillRect(0, 0, 1, 1)
  const { data } = context.getImageData(0, 0, 1, 1)
  return COLOUR.every((value, index) => data[index] === value)
}
