/** Version of this package, as its instrumentation scope tells it. A test holds it against package.json. */
export const VERSION = '0.1.0';
