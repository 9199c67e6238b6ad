import { type Classifier } from '@milepost/core';

// By the names of the errors, as `error.category`. Milepost knows the categories of the others: io, validation, ...
const CATEGORIES: ReadonlyMap<string, string> = new Map([
  ['InvalidPDFException', 'invalid_pdf'],
  ['PasswordException', 'encrypted_pdf'],
  ['NotAPdfError', 'invalid_pdf'],
  ['OcrError', 'ocr_failed'],
  ['DeployError', 'deploy_failed'],
]);

/** Says which kind of failure an error of the pipeline is. */
export const classifyError: Classifier = (outcome) => {
  const category =
    'error' in outcome && outcome.error instanceof Error
      ? CATEGORIES.get(outcome.error.name)
      : undefined;
  return category === undefined ? undefined : { category };
};
