import {
  type EndStatus,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
} from '@milepost/semconv';
import { type StageDefinition } from './define-stage.ts';
import { checkFields } from './fields-schema.ts';
import { type Flags } from './flags.ts';
import { type StageNotes } from './stage-notes.ts';

/** Checks all that was said of a stage that ended against what its definition declares for such an end. */
export function checkStageFields(
  name: string,
  definition: StageDefinition,
  notes: StageNotes,
  status: EndStatus,
  flags: Flags,
): void {
  checkFields(`config of ${name}`, definition.config, notes.config ?? {}, flags);
  checkEndFields(name, definition, notes, status, flags);
}

/** The same without the configuration: of a stage that is spread over jobs, it was said at its beginning. */
export function checkEndFields(
  name: string,
  definition: StageDefinition,
  notes: StageNotes,
  status: EndStatus,
  flags: Flags,
): void {
  const { fields, counts, errorContext } = notes;
  if (status === STATUS_VALUE_FAILED) {
    checkFields(`error of ${name}`, definition.error, errorContext, flags);
  } else if (status === STATUS_VALUE_COMPLETED || status === STATUS_VALUE_PARTIAL) {
    checkFields(`success of ${name}`, definition.success, { ...fields, ...counts }, flags);
  }
}
