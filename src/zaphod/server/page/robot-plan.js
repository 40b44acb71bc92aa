// What of a plan and its contract can be drawn: the path, the balls around tool and load, the obstacles. Proves nothing.
//
// A drawing is no proof: what cannot be drawn is left out, and `isPathWhole` says so.

import { isObject, member } from "./robot-checks.js";

const UNITS_M = { m: 1, cm: 1e-2, mm: 1e-3, um: 1e-6, "µm": 1e-6 };
const LENGTH = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)\s*([a-zµ]+)\s*$/;
const MOST_POINTS = 5000;
const MOST_SHAPES = 200;
const MOST_M = 100;
const POINTS_PER_PIECE = 16;

/** {path, isPathWhole, toolBalls, loadBalls, obstacles}, lengths in metres. */
export function drawable(plan, contract) {
  const { path, isPathWhole } = pathOf(plan);
  const bodies = (section) => items(at(contract, section, "bodies")).map(ball).filter(Boolean);
  const obstacles = items(at(contract, "obstacles")).map(obstacle).filter(Boolean);
  return { path, isPathWhole, toolBalls: bodies("gripper"), loadBalls: bodies("load"), obstacles };
}

/** A length with its unit in metres; null where it is none, or too far away to be drawn. */
export function metres(value) {
  const match = typeof value === "string" && value.length <= 100 ? LENGTH.exec(value) : null;
  const unit = match && Object.hasOwn(UNITS_M, match[2]) ? UNITS_M[match[2]] : null;
  const length = unit === null ? NaN : Number(match[1]) * unit;
  return Number.isFinite(length) && Math.abs(length) <= MOST_M ? length : null;
}

const items = (value) => (Array.isArray(value) ? value.slice(0, MOST_SHAPES) : []);

function at(value, ...names) {
  return names.reduce((inner, name) => (isObject(inner) ? member(inner, name) : undefined), value);
}

function point(value) {
  const found = Array.isArray(value) && value.length === 3 ? value.map(metres) : [null];
  return found.includes(null) ? null : found;
}

function ball(value) {
  const centre = point(at(value, "at"));
  const radius = metres(at(value, "radius"));
  return centre && radius !== null && radius >= 0 ? { centre, radius } : null;
}

function obstacle(value) {
  const name = typeof at(value, "name") === "string" ? at(value, "name").slice(0, 40) : "";
  const [low, high, round] = [point(at(value, "low")), point(at(value, "high")), ball(value)];
  const mayBeTouched = at(value, "may_be_touched") === true;
  if (low && high) return { name, low, high, mayBeTouched };
  return round && { name, ...round, mayBeTouched };
}

function pathOf(plan) {
  const path = [];
  let isPathWhole = isObject(plan);
  for (const step of items(at(plan, "steps"))) {
    const points = pointsOf(step);
    if (points === null) isPathWhole = false;
    else path.push(...points.slice(0, MOST_POINTS - path.length));
  }
  return { path, isPathWhole };
}

/** Where a step leads; empty for one that stays, null for one that cannot be drawn. */
function pointsOf(step) {
  const kind = at(step, "do");
  if (kind === "move") return whole(items(at(step, "along")).map(point));
  if (kind === "follow") return whole(items(at(step, "pieces")).flatMap(curve));
  return ["grip", "release", "wait"].includes(kind) ? [] : null;
}

const whole = (points) => (points.includes(null) ? null : points);

/** Points of a piece, each axis by ascending powers of the share of its time. */
function curve(piece) {
  const axes = ["x", "y", "z"].map((name) => items(at(piece, name)).map(metres));
  if (axes.some((powers) => !powers.length || powers.includes(null))) return [null];
  const value = (powers, share) => powers.reduceRight((sum, power) => sum * share + power, 0);
  return Array.from({ length: POINTS_PER_PIECE + 1 }, (_, n) => axes.map((powers) => value(powers, n / POINTS_PER_PIECE)));
}
