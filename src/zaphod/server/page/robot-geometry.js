// From metres to what is seen from the side and from above. Legend: points are [x, y, z]; flat ones [across, up].

// Of the simulated hand: agents/robotics/simulation/world.py, whose numbers a test compares with these.
export const PAD_RADIUS_M = 0.01;
export const FINGER = { half_m: [0.008, 0.004, 0.03], out_m: 0.018, above_m: 0.035 };
export const HAND = { above_m: 0.11, radius_m: 0.05 };
export const TABLE = { half_m: 0.6, thickness_m: 0.04 };

const AROUND_M = 0.05;
const RIM_POINTS = 24;

/** Which axes lie across and up. */
export const VIEWS = {
  side: { title: "Side view", across: 0, up: 2 },
  top: { title: "Top view", across: 0, up: 1 },
};

export const flat = (view, point) => [point[view.across], point[view.up]];

/** What a unit quaternion w, x, y, z makes of a vector. */
export function turned([w, x, y, z], [a, b, c]) {
  const [tx, ty, tz] = [2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)];
  return [a + w * tx + y * tz - z * ty, b + w * ty + z * tx - x * tz, c + w * tz + x * ty - y * tx];
}

/** The silhouette of a cylinder: the hull of its two rims. */
export function cylinder(view, centre, quaternion, radius_m, half_m) {
  const rim = Array.from({ length: 2 * RIM_POINTS }, (_, n) => {
    const angle = (Math.PI * 2 * (n >> 1)) / RIM_POINTS;
    const point = turned(quaternion, [radius_m * Math.cos(angle), radius_m * Math.sin(angle), n % 2 ? half_m : -half_m]);
    return flat(view, point.map((value, axis) => value + centre[axis]));
  });
  return hull(rim);
}

/** The convex hull of flat points, counterclockwise (Andrew 1979, the monotone chain). */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (ordered) => {
    const chain = [];
    for (const point of ordered) {
      while (chain.length > 1 && turnsRight(chain.at(-2), chain.at(-1), point)) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const turnsRight = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0;

const fitting = ({ low, high }, width, maxHeight) => Math.min(width / (high[0] - low[0]), maxHeight / (high[1] - low[1]));

/** A box along the axes as {low, high}, flat. */
export const flatBox = (view, low, high) => ({ low: flat(view, low), high: flat(view, high) });

/** Where a finger is: {low, high}. `side` is +1 for the left pad, -1 for the right one. */
export function finger(position, pad_m, side) {
  const middle = [position[0], position[1] + side * (pad_m + FINGER.out_m), position[2] + FINGER.above_m];
  const corner = (sign) => middle.map((value, axis) => value + sign * FINGER.half_m[axis]);
  return { low: corner(-1), high: corner(1) };
}

export const padCentre = (position, pad_m, side) => [position[0], position[1] + side * (pad_m + PAD_RADIUS_M), position[2]];

export const handCentre = (position) => [position[0], position[1], position[2] + HAND.above_m];

/** What a view must show: {low, high}, flat, in metres. */
export function extent(view, episode) {
  const { scene, samples, path } = episode;
  const points = [...path, [...scene.start_m, 0], [...scene.goal_m, 0], [scene.wall_x_m, 0, scene.wall_height_m]];
  // Every tenth sample: what lies between is a few millimetres away.
  for (let index = 0; index < (samples?.num ?? 0); index += 10) points.push(samples.position_m[index], samples.load_m[index]);
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (const point of points) {
    flat(view, point).forEach((value, axis) => {
      low[axis] = Math.min(low[axis], value);
      high[axis] = Math.max(high[axis], value);
    });
  }
  const [below_m, above_m] = view.up === 2 ? [0, HAND.above_m + HAND.radius_m - AROUND_M / 2] : [HAND.radius_m, HAND.radius_m];
  return { low: [low[0] - HAND.radius_m - AROUND_M, low[1] - below_m - AROUND_M], high: [high[0] + HAND.radius_m + AROUND_M, high[1] + above_m + AROUND_M] };
}

/** {x(m), y(m), length(m), height}: how metres become pixels in a picture of that width. All views have one scale. */
export function projection(view, episode, width, maxHeight) {
  const scale = Math.min(...Object.values(VIEWS).map((each) => fitting(extent(each, episode), width, maxHeight)));
  const { low, high } = extent(view, episode);
  const left = (width - scale * (high[0] - low[0])) / 2;
  const height = scale * (high[1] - low[1]);
  return {
    x: (across_m) => left + scale * (across_m - low[0]),
    y: (up_m) => height - scale * (up_m - low[1]),
    length: (length_m) => scale * length_m,
    height,
  };
}
