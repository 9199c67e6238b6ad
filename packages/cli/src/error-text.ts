import { type ExecutionSummary } from '@milepost/registry';
import { terminalText } from './terminal-text.ts';

/** An error as the registry has it. */
export type RecordedError = NonNullable<ExecutionSummary['error']>;

const MAX_CHARACTERS = 600;

/** A recorded error as one harmless line of bounded length: `InvalidPDFException: Invalid PDF structure.` */
export function recordedErrorText(
  { error_type, error_message }: RecordedError,
  maxCharacters: number = MAX_CHARACTERS,
): string {
  const text = error_message === '' ? error_type : `${error_type}: ${error_message}`;
  return terminalText(text, maxCharacters);
}
