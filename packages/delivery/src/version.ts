/** Version of this package. */
export const VERSION = '0.1.0';
/** Version of the OTLP exporters, whose serialisers make what is sent; as package.json pins it. */
export const OTLP_EXPORTER_VERSION = '0.301.0';
