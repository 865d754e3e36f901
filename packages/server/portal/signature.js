// The one script of the pages for people outside: something to draw a signature on, and one click for each form. Without it a typed name signs.
'use strict'

for (const form of document.querySelectorAll('form[method=post]')) {
  form.addEventListener('submit', () => {
    // After this turn, or the button's own name and value would not be sent.
    setTimeout(() => form.querySelectorAll('button').forEach((button) => (button.disabled = true)))
  })
}
// Back from the next page: the form can be used again.
window.addEventListener('pageshow', () => document.querySelectorAll('button[disabled]').forEach((button) => (button.disabled = false)))

const pad = document.querySelector('.pad')
if (pad) {
  const canvas = pad.querySelector('canvas')
  const image = pad.querySelector('input')
  const pen = canvas.getContext('2d')
  let isEmpty = true
  let last = null

  pad.hidden = false
  const { width, height } = canvas.getBoundingClientRect()
  const scale = 2
  canvas.width = Math.min(1600, Math.round(width * scale))
  canvas.height = Math.round(height * scale)
  pen.lineWidth = 2.4 * scale
  pen.lineCap = 'round'
  pen.lineJoin = 'round'
  pen.strokeStyle = '#12305c'

  const place = (event) => {
    const box = canvas.getBoundingClientRect()
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height]
  }
  const draw = (to) => {
    pen.beginPath()
    pen.moveTo(...last)
    pen.lineTo(...to)
    pen.stroke()
    last = to
    isEmpty = false
  }
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId)
    last = place(event)
    draw(last)
  })
  canvas.addEventListener('pointermove', (event) => {
    if (last) draw(place(event))
  })
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => (last = null))
  pad.querySelector('button').addEventListener('click', () => {
    pen.clearRect(0, 0, canvas.width, canvas.height)
    isEmpty = true
  })
  canvas.closest('form').addEventListener('submit', () => (image.value = isEmpty ? '' : canvas.toDataURL('image/png')))
}
