// Figures as people read them. Widths stay steady: a value keeps its number of decimals over its usual range.

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const SCALES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

export const count = (value) => whole.format(value);

export const percent = (share) => `${Math.round(100 * share)} %`;

/** A probability, exact enough to tell 99.9 % from certainty. */
export function probability(share) {
  const percents = 100 * share;
  if (percents > 0 && percents < 0.01) return "< 0.01 %";
  return `${percents.toFixed(percents >= 99.95 || percents < 9.995 ? 2 : 1)} %`;
}

export function joules(value) {
  if (value < 0.005) return "< 0.01 J"; // less than a meter's window can tell
  if (value >= 1000) return `${(value / 1000).toFixed(1)} kJ`;
  return `${value.toFixed(value < 1 ? 2 : 1)} J`;
}

export const watts = (value) => `${value.toFixed(value < 10 ? 1 : 0)} W`;

/** 11415360 as "11.4 M". */
export function short(value, unit = "") {
  const [size, prefix] = SCALES.find(([size]) => value >= size) ?? [1, ""];
  const digits = size === 1 || value / size >= 100 ? 0 : 1;
  return `${(value / size).toFixed(digits)} ${prefix}${unit}`.trim();
}

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
