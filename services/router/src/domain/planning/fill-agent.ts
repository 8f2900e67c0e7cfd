/** Waiting work as handing out sees it. */
export interface WaitingUnits {
  readonly units: number;
  readonly score: number;
}

/**
 * Which of the waiting work an agent takes, strictly in the order given (of scores). When the next does not fit, its score
 * comes back: smaller work behind it must not take the room piece by piece, or large work would starve.
 */
export function fillAgent<Work extends WaitingUnits>(
  freeUnits: number,
  waiting: readonly Work[],
): { readonly taken: Work[]; readonly heldForScore: number | undefined } {
  const taken: Work[] = [];
  let leftUnits = freeUnits;
  for (const work of waiting) {
    if (work.units > leftUnits) return { taken, heldForScore: work.score };
    taken.push(work);
    leftUnits -= work.units;
  }
  return { taken, heldForScore: undefined };
}
