import { z } from 'zod';
import {
  envelopeFieldsSchema,
  envelopeJobSchema,
  envelopeRunSchema,
  envelopeStageSchema,
  jobEnvelopeSchema,
  jobTemplateSchema,
} from '../src/schemas/job-envelope.ts';

// In a registry of their own: IDs in zod's global one would meet those of a second copy of the package.
const named = z.registry<{ id: string }>();
named.add(envelopeRunSchema, { id: 'run' });
named.add(envelopeStageSchema, { id: 'stage' });
named.add(envelopeJobSchema, { id: 'job' });
named.add(envelopeFieldsSchema, { id: 'fields' });
named.add(jobEnvelopeSchema, { id: 'envelope' });
named.add(jobTemplateSchema, { id: 'template' });

/** The JSON Schema of the job envelope, as the package publishes it. */
export function jobEnvelopeJsonSchema(): object {
  const { $schema, anyOf, $defs } = z.toJSONSchema(
    z.union([jobEnvelopeSchema, jobTemplateSchema]),
    {
      io: 'input',
      metadata: named,
      override({ zodSchema, jsonSchema }) {
        delete jsonSchema.id;
        const { description, maxLength } = z.globalRegistry.get(zodSchema) ?? {};
        if (description !== undefined) jsonSchema.description = description;
        if (typeof maxLength === 'number') jsonSchema.maxLength = maxLength;
      },
    },
  );
  return {
    $schema,
    $id: 'urn:milepost:job-envelope:1',
    title: 'Job envelope of Milepost',
    description:
      'What a queued job, a child process, a thread or a request carries about the run that it goes on with, as plain JSON. Optional keys are left out, never null; keys that a reader does not know are ignored.',
    anyOf,
    $defs,
  };
}
