// Small questions to a value out of a file that nobody vouches for: is it a number, a text, a list? Knows no recording.
//
// Every check takes a value and where it stands, gives the value back, or throws `Malformed`. Sizes are bounded.

const MOST_LETTERS = 10_000;
const LETTERS_TOLD = 40;

/** A file that cannot be shown: what was found, what was wanted, what to do. */
export class Malformed extends Error {
  constructor(found, wanted, remedy = "Record the episode again, or choose another file.") {
    super(`${found} ${wanted} ${remedy}`);
    Object.assign(this, { found, wanted, remedy });
  }
}

/** A value in a few words, for messages. */
export function told(value) {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return String(value);
  return value.length > LETTERS_TOLD ? `“${value.slice(0, LETTERS_TOLD)}…”` : `“${value}”`;
}

export const refuse = (where, value, wanted) => {
  throw new Malformed(`${where} is ${told(value)}.`, `It must be ${wanted}.`);
};

const check = (isRight, wanted) => (value, where) => (isRight(value) ? value : refuse(where, value, wanted));

export const flag = check((value) => typeof value === "boolean", "true or false");

export const text = check((value) => typeof value === "string" && value.length <= MOST_LETTERS, `a text of at most ${MOST_LETTERS} letters`);

export const number = (least = -1e9, most = 1e9) =>
  check((value) => Number.isFinite(value) && value >= least && value <= most, `a number from ${least} to ${most}`);

export const oneOf = (...words) => check((value) => words.includes(value), `one of ${words.join(", ")}`);

/** @param of what each item must be; @param most how many there may be */
export const list = (of, most) => (value, where) => {
  if (!Array.isArray(value)) refuse(where, value, "a list");
  if (value.length > most) refuse(where, value, `a list of at most ${most}`);
  return value.map((item, index) => of(item, `${where}[${index}]`));
};

/** So many of the same. */
export const several = (of, count) => (value, where) =>
  Array.isArray(value) && value.length === count ? list(of, count)(value, where) : refuse(where, value, `a list of ${count}`);

export const orNull = (of) => (value, where) => (value === null || value === undefined ? null : of(value, where));

/** The members of an object that are asked for; others are not looked at. */
export const object = (members) => (value, where) => {
  if (!isObject(value)) refuse(where, value, "an object");
  return Object.fromEntries(Object.entries(members).map(([name, of]) => [name, of(member(value, name), where ? `${where}.${name}` : name)]));
};

/** An object with names of its own, as pairs. */
export const pairs = (of, most) => (value, where) => {
  if (!isObject(value)) refuse(where, value, "an object");
  const entries = Object.entries(value);
  if (entries.length > most) throw new Malformed(`${where} has ${entries.length} members.`, `There may be ${most}.`);
  return entries.map(([name, item]) => [text(name, where), of(item, `${where}.${name.slice(0, LETTERS_TOLD)}`)]);
};

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A member of its own, never one that all objects have. */
export const member = (value, name) => (Object.hasOwn(value, name) ? value[name] : undefined);
