/** Version of this package, as `milepost --version` tells it. A test holds it against package.json. */
export const VERSION = '0.1.0';
