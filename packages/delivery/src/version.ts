/** Version of this package, part of the `User-Agent`. `packages/delivery/test/user-agent.test.ts` compares it with package.json. */
export const VERSION = '0.1.0';
/** Version of the OTLP exporters, whose serialisers make what is sent. Compared with what is installed by the same test. */
export const OTLP_EXPORTER_VERSION = '0.301.0';
