/** How many bytes of a file `sniffMediaType` wants to see. */
export const sniffedBytes = 16;

/**
 * The media type a file's first bytes show (WHATWG MIME Sniffing, section 6), whatever its name and sender claim.
 * @param head At least the first `sniffedBytes` bytes, or the whole file when it is shorter.
 * @returns undefined when it is none of those known here.
 */
export function sniffMediaType(head: Uint8Array): string | undefined {
  return (
    signatures.find(({ offset, bytes }) => bytes.every((byte, index) => head[offset + index] === byte))?.type ??
    // ISO base media: a size, "ftyp" and a brand.
    (ascii(head, 4, 4) === 'ftyp' ? (brands[ascii(head, 8, 4)] ?? 'video/mp4') : undefined) ??
    (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 4) === 'WEBP' ? 'image/webp' : undefined)
  );
}

/** Every type `sniffMediaType` can tell. */
export const knownMediaTypes = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/heic',
  'image/avif',
  'application/pdf',
  'video/mp4',
  'video/quicktime',
  'video/webm',
] as const;

const signatures = [
  { type: 'image/png', offset: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'image/jpeg', offset: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', offset: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: 'application/pdf', offset: 0, bytes: [0x25, 0x50, 0x44, 0x46, 0x2d] },
  { type: 'video/webm', offset: 0, bytes: [0x1a, 0x45, 0xdf, 0xa3] },
];

const brands: Readonly<Record<string, string>> = {
  heic: 'image/heic',
  heix: 'image/heic',
  mif1: 'image/heic',
  avif: 'image/avif',
  'qt  ': 'video/quicktime',
};

function ascii(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}
