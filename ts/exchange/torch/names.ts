// What files of ours are called inside.

/** The metadata that holds the spec of a network, as JSON. */
export const SPEC_KEY = "stllr.spec";
