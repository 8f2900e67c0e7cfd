/**
 * Makes an element. Properties that begin with `on` are listeners, those with a dash or `role` are attributes, the rest
 * are properties of the element.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (key === 'role' || key.includes('-')) made.setAttribute(key, String(value));
    else Object.assign(made, { [key]: value });
  }
  made.append(...children);
  return made;
}

const iconPaths = {
  chat: 'M4 4h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z',
  close: 'M6 6l12 12M18 6 6 18',
  clip: 'M21 11.5 12.5 20a5.5 5.5 0 0 1-7.8-7.8l8.5-8.5a3.7 3.7 0 0 1 5.2 5.2l-8.4 8.5a1.8 1.8 0 0 1-2.6-2.6l7.8-7.8',
  send: 'M12 20V5M5 12l7-7 7 7',
  file: 'M14 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V8ZM14 2v6h6',
};

/** A decorative icon, drawn in the text's colour. @param {keyof typeof iconPaths} name */
export function icon(name) {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', iconPaths[name]);
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(path);
  return svg;
}

/**
 * Text with its web addresses as links.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function linked(text) {
  return text
    .split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'。，；：！？）」])/)
    .map((part, index) =>
      index % 2 === 0
        ? part
        : element('a', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part),
    );
}

/**
 * Draws a picture, fitted into a square of `sizePx` CSS pixels. On a canvas, because that needs no `img-src blob:` in the
 * host page's content security policy.
 * @param {HTMLCanvasElement} canvas
 * @param {Blob} content
 * @param {number} sizePx
 */
export async function drawPicture(canvas, content, sizePx) {
  const bitmap = await createImageBitmap(content);
  const scale = Math.min(1, sizePx / bitmap.width, sizePx / bitmap.height);
  const density = window.devicePixelRatio || 1;
  const fit = (/** @type {number} */ length) => Math.max(1, Math.round(length * scale));
  canvas.style.width = `${fit(bitmap.width)}px`;
  canvas.style.height = `${fit(bitmap.height)}px`;
  canvas.width = fit(bitmap.width) * density;
  canvas.height = fit(bitmap.height) * density;
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}

/** Offers content as a file to save: never opened as a page, whatever it is. @param {Blob} content @param {string} name */
export function saveFile(content, name) {
  const href = URL.createObjectURL(content);
  element('a', { href, download: name || 'file' }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
