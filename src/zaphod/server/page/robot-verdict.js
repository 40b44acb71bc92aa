// What came of an episode, in a title and sentences. Knows data, no element.

import { plural } from "./format.js";

export const millimetres = (length_m) => `${(1000 * length_m).toFixed(Math.abs(length_m) < 0.0995 ? 1 : 0)} mm`;
export const newtons = (force_n) => `${force_n.toFixed(2)} N`;
export const seconds = (time_s) => `${time_s.toFixed(2)} s`;

const asSentence = (words) => `${words[0].toUpperCase()}${words.slice(1).replace(/\.?$/, ".")}`;

/** {kind, title, text}: kind is refused, carried-out, stopped or failed. */
export function verdictOf(episode) {
  if (!episode.samples) return { kind: "refused", title: "Refused. The robot did not move.", text: asSentence(episode.refusal) };
  const { outcome } = episode;
  const wrong = wrongs(episode);
  if (wrong.length) {
    const why = episode.proof?.accepted ? " The plan had been proved: the world was not as the proof assumes." : "";
    return { kind: "failed", title: outcome.stopped ? "Stopped, and not in time." : "It went wrong.", text: `${asSentence(wrong.join("; "))}${why}` };
  }
  if (outcome.stopped) return { kind: "stopped", title: "Stopped by the monitor. Nothing was broken.", text: asSentence(outcome.stopped) };
  return { kind: "carried-out", title: "Carried out. Nothing was broken.", text: `${placed(outcome)} ${pressed(episode)}` };
}

/** What must not be, of what the file tells. */
function wrongs({ outcome, limits }) {
  const found = [];
  if (outcome.dropped) found.push("the load was lost");
  if (outcome.collisions.length) found.push(`touched: ${outcome.collisions.join(", ")}`);
  const most_n = limits?.breaks_at_n;
  if (Number.isFinite(most_n) && outcome.peak_force_n > most_n) found.push(`a pad pressed with ${newtons(outcome.peak_force_n)}, and the load breaks at ${newtons(most_n)}`);
  if (!outcome.stopped && !outcome.upright) found.push("the load lies");
  if (!outcome.stopped && !outcome.succeeded && !found.length) found.push(`the load stands ${millimetres(outcome.misplaced_m)} from its goal`);
  return found;
}

const placed = ({ misplaced_m, seconds: took_s }) => `The load stands ${millimetres(misplaced_m)} from its goal after ${seconds(took_s)}.`;

function pressed({ outcome, limits }) {
  const limit = Number.isFinite(limits?.breaks_at_n) ? `; it breaks at ${newtons(limits.breaks_at_n)}` : "";
  return `Largest force of a pad ${newtons(outcome.peak_force_n)}${limit}.`;
}

/** Stretches of time with one rung: [{rung, from, to}], indices, half-open. */
export function runsOf(rungs) {
  const runs = [];
  rungs.forEach((rung, index) => {
    if (runs.at(-1)?.rung === rung) runs.at(-1).to = index + 1;
    else runs.push({ rung, from: index, to: index + 1 });
  });
  return runs;
}

/** The whole episode in a few sentences, for whoever cannot see the pictures. */
export function spoken(episode) {
  const { title, text } = verdictOf(episode);
  const sentences = [title, text];
  if (episode.samples) {
    const { clearance_m, rung, time_s } = episode.samples;
    const least = clearance_m.reduce((best, value, index) => (value < clearance_m[best] ? index : best), 0);
    sentences.push(`Nearest to what must not be touched: ${millimetres(clearance_m[least])}, at ${seconds(time_s[least])}.`);
    const changes = runsOf(rung).length - 1;
    sentences.push(changes ? `The monitor changed its rung ${plural(changes, "time")}.` : `The monitor stayed at ${rung[0]}.`);
  }
  return sentences.join(" ");
}
