// A recorded episode (`zaphod-episode-1`) out of a file's text: checked, bounded, or refused in words. Knows no view.

import { flag, isObject, list, Malformed, member, number, object, oneOf, orNull, pairs, refuse, several, text, told } from "./robot-checks.js";
import { drawable } from "./robot-plan.js";

export const FORMAT = "zaphod-episode-1";
export const MOST_BYTES = 64e6;
const MOST_SAMPLES = 100_000;
const MOST_FINDINGS = 200;

/** From what lets everything pass to what holds on. */
export const RUNGS = ["go", "clamp", "slow", "stop", "hold"];

const length_m = number(-100, 100);
const size_m = number(0, 100);
const force_n = number(-1e6, 1e6);
const point = several(length_m, 3);
const spot = several(length_m, 2);

const SCENE = object({
  mass_kg: number(0, 1e6),
  friction: number(0, 100),
  radius_m: size_m,
  half_height_m: size_m,
  start_m: spot,
  goal_m: spot,
  wall_x_m: length_m,
  wall_half_thickness_m: size_m,
  wall_height_m: size_m,
  breaks_at_n: number(0, 1e6),
});

const ROUND = object({ accepted: flag, findings: list(text, MOST_FINDINGS) });

const PROOF = object({
  accepted: flag,
  claims: pairs(number(0, 1e9), 64),
  seconds: number(0, 1e6),
  subjects: pairs(text, 64),
});

const LIMITS = object({
  breaks_at_n: orNull(number(0, 1e6)),
  force_n: orNull(several(force_n, 2)),
  margin_m: orNull(size_m),
});

const COLUMNS = {
  time_s: number(0, 1e6),
  position_m: point,
  load_m: point,
  load_quaternion: several(number(-1.1, 1.1), 4),
  pads_m: spot,
  pad_forces_n: several(force_n, 2),
  clearance_m: length_m,
  rung: oneOf(...RUNGS),
  pace: number(0, 1),
};

const OUTCOME = object({
  succeeded: flag,
  collisions: list(text, 100),
  peak_force_n: force_n,
  dropped: flag,
  misplaced_m: number(0, 1e6),
  upright: flag,
  seconds: number(0, 1e6),
  stopped: text,
});

const EPISODE = object({
  instruction: orNull(text),
  planner: text,
  scene: SCENE,
  rounds: list(ROUND, 100),
  assuming: text,
  proof: orNull(PROOF),
  certificate_sha256: orNull(text),
  refusal: text,
  limits: orNull(LIMITS),
  samples: orNull(samples),
  outcome: orNull(OUTCOME),
});

/**
 * The episode of a file's text. `samples` is null where nothing was carried out.
 * @throws Malformed
 */
export function readRecording(json) {
  const document = parsed(json);
  if (!isObject(document) || member(document, "format") !== FORMAT) {
    const found = isObject(document) ? `Its format is ${told(member(document, "format"))}.` : `It holds ${told(document)}.`;
    throw new Malformed(`This is no recorded episode. ${found}`, `A recording is a JSON object with "format": "${FORMAT}".`);
  }
  const episode = EPISODE(document, "");
  if (episode.samples && !episode.outcome) refuse("outcome", null, "what came of it, because something was carried out");
  if (!episode.samples && !episode.refusal) refuse("refusal", "", "why nothing was carried out, because there are no samples");
  return { ...episode, ...drawable(member(document, "plan"), member(document, "contract")) };
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new Malformed(`The file is no JSON: ${error.message.slice(0, 200)}.`, `A recording is JSON of the format ${FORMAT}.`);
  }
}

/** Columns of equal length; null where they are empty or missing. */
function samples(value, where) {
  if (!isObject(value)) refuse(where, value, "an object of lists");
  const times = member(value, "time_s");
  if (times === undefined || (Array.isArray(times) && !times.length)) return null;
  const found = Object.fromEntries(Object.entries(COLUMNS).map(([name, of]) => [name, list(of, MOST_SAMPLES)(member(value, name), `${where}.${name}`)]));
  const num = found.time_s.length;
  for (const [name, values] of Object.entries(found)) {
    if (values.length !== num) throw new Malformed(`${where}.${name} has ${values.length} values.`, `There are ${num} moments in ${where}.time_s.`);
  }
  for (let index = 1; index < num; index += 1) {
    if (found.time_s[index] <= found.time_s[index - 1]) refuse(`${where}.time_s[${index}]`, found.time_s[index], "later than the one before");
  }
  found.load_quaternion.forEach((turn, index) => {
    if (Math.abs(Math.hypot(...turn) - 1) > 0.01) throw new Malformed(`${where}.load_quaternion[${index}] is no rotation.`, "Its four numbers have the length 1.");
  });
  return { num, ...found };
}
