/** Name of the instrumentation scope of every span, log record and metric that Milepost makes. */
export const SCOPE_NAME = '@milepost/core';
