import { type Vote } from './document-fields.ts';

const CARRIED = 'carried|passed|approved|adopted';
const FAILED = 'failed|defeated|rejected';

// "carried 5-0", "approved by a vote of 4 to 1", "failed (2-3)"
const COUNTED = new RegExp(
  String.raw`\b(?<verb>${CARRIED}|${FAILED})(?:\s+(?:by|on)\s+a\s+vote\s+of|[,:])?\s*\(?(?<ayes>\d{1,3})\s*(?:[-–—]|to)\s*(?<noes>\d{1,3})\b(?!-)`,
  'gi',
);
// "Ayes: 5, Noes: 0"
const ROLL_CALL =
  /\bayes\s*:?\s*(?<ayes>\d{1,3})[\s,;.]{1,4}n(?:oe|ay)s\s*:?\s*(?<noes>\d{1,3})\b/gi;
// "passed unanimously"
const UNANIMOUS = new RegExp(String.raw`\b(?:${CARRIED})\s+unanimously\b`, 'gi');

/** Finds the votes that minutes record, in the order in which they stand. */
export function findVotes(text: string): Vote[] {
  const counted = [...text.matchAll(COUNTED), ...text.matchAll(ROLL_CALL)].map(
    ({ index, 0: match, groups }) => {
      const [ayes, noes] = [Number(groups?.['ayes']), Number(groups?.['noes'])];
      const verb = groups?.['verb'];
      const carried =
        verb === undefined ? ayes > noes : new RegExp(`^(?:${CARRIED})$`, 'i').test(verb);
      return { index, vote: { outcome: outcomeOf(carried), ayes, noes, text: oneLine(match) } };
    },
  );
  const unanimous = [...text.matchAll(UNANIMOUS)].map(({ index, 0: match }) => {
    return {
      index,
      vote: { outcome: outcomeOf(true), ayes: null, noes: null, text: oneLine(match) },
    };
  });
  return [...counted, ...unanimous].toSorted((a, b) => a.index - b.index).map(({ vote }) => vote);
}

function outcomeOf(carried: boolean): Vote['outcome'] {
  return carried ? 'carried' : 'failed';
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
