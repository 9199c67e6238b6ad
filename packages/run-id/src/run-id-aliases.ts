import { convertParsed } from './convert-run-id.ts';
import { parseRunId } from './parse-run-id.ts';
import { CLAIMED_RUN_ID_FORMATS } from './run-id-format.ts';

/** What {@link runIdAliases} takes besides the run ID. */
export interface RunIdAliasesOptions {
  /** The IANA time zone of the clock that `legacy_process` IDs were made by. Default: UTC. */
  readonly timeZone?: string | undefined;
}

/**
 * Every other ID by which the same run can be known: what `convertRunId` makes of it. Empty for IDs that
 * do not convert.
 *
 * To find a run by any alias, take the record of that very ID; else one whose ID is among the aliases of
 * what was asked for; else those whose aliases contain it. The last can be several, as two legacy runs of
 * one second share their aliases; and two records that merely share an alias are different runs.
 *
 * @returns run IDs of the formats `timestamp` and `compact`, in that order, without `runId` itself
 * @throws what `parseRunId` throws
 */
export function runIdAliases(runId: string, options: RunIdAliasesOptions = {}): readonly string[] {
  const inZone = parseRunId(runId, options);
  const parsed = inZone.format === 'legacy_process' ? inZone : parseRunId(runId);
  return CLAIMED_RUN_ID_FORMATS.flatMap((format) => {
    const alias = convertParsed(parsed, format);
    return alias === undefined || alias === runId ? [] : [alias];
  });
}
