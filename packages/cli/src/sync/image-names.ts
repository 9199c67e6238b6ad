const IMAGE = /\.(?:apng|avif|bmp|gif|heic|heif|ico|jp2|jpe?g|jxl|png|svg|tiff?|webp)$/i;

/** Whether a file is an image, by the ending of its name. */
export function isImageName(path: string): boolean {
  return IMAGE.test(path);
}
