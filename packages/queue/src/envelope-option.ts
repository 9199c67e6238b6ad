/**
 * Key under which a job's options carry its envelope, as one JSON text.
 *
 * Among the options and not in the data: data may be any JSON value, count against `sizeLimit`, are replaced by
 * `updateData`, and a processor sees them exactly as they were given. BullMQ keeps options that it does not know, and hands them
 * to sandboxed processors too. As a text, because its scripts write options anew, and then an empty list becomes an
 * object and a number loses digits. BullMQ's own `telemetry` option is left to whoever uses it.
 */
const ENVELOPE_OPTION = 'milepost';

/** What a job's options carry as its envelope: its text, or whatever else is there. Undefined where there is nothing. */
export function carriedEnvelope(options: unknown): unknown {
  return typeof options === 'object' && options !== null
    ? Reflect.get(options, ENVELOPE_OPTION)
    : undefined;
}

/** Options that carry an envelope. Those that carry one already stay as they are. */
export function optionsWith<Options>(options: Options, envelope: unknown): Options {
  if (carriedEnvelope(options) !== undefined) return options;
  return { ...options, [ENVELOPE_OPTION]: JSON.stringify(envelope) };
}
