/** Why a directory gives nothing to work on. */
export type InputErrorCode =
  | 'input_not_found'
  | 'input_not_a_directory'
  | 'input_unreadable'
  | 'no_pdfs';

/** The input directory cannot be worked on; the message says what was expected and what was found. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code: InputErrorCode;

  constructor(code: InputErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
