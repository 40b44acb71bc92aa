// The scene from one side, as a drawing: what never moves is drawn once a width, what moves at every moment.

import { el, fill, svg } from "./dom.js";
import { cylinder, extent, finger, flat, flatBox, HAND, handCentre, PAD_RADIUS_M, padCentre, projection, TABLE, VIEWS } from "./robot-geometry.js";

const MAX_HEIGHT_PX = 420;
const SCALE_BAR_M = 0.1;
const WALL_HALF_WIDTH_M = TABLE.half_m;
const UPRIGHT = [1, 0, 0, 0];

const pathData = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

export class SceneView {
  #episode;
  #view;
  #picture = svg("svg", { role: "img", class: "scene" });
  #still = svg("g");
  #moving = svg("g");
  #flown = svg("path", { class: "flown" });
  #to = null; // the projection of the present width
  #index = 0;
  element;

  /** @param name of VIEWS */
  constructor(episode, name) {
    this.#episode = episode;
    this.#view = VIEWS[name];
    this.#picture.setAttribute("aria-label", this.#words());
    this.#picture.append(this.#still, this.#flown, this.#moving);
    this.element = el("figure", { class: "scene-figure", "data-view": name }, el("figcaption", {}, this.#view.title), this.#picture);
  }

  resize() {
    const width = this.element.clientWidth;
    if (!width) return;
    this.#to = projection(this.#view, this.#episode, width, MAX_HEIGHT_PX);
    this.#picture.setAttribute("width", width);
    this.#picture.setAttribute("height", Math.round(this.#to.height));
    this.#drawStill();
    this.show(this.#index);
  }

  /** @param index of the sample; where there are none, everything is as in the beginning */
  show(index) {
    this.#index = index;
    if (!this.#to) return;
    const { samples, scene } = this.#episode;
    if (!samples) {
      fill(this.#moving, this.#load([...scene.start_m, scene.half_height_m], UPRIGHT));
      return;
    }
    const position = samples.position_m[index];
    const pads = [[1, samples.pads_m[index][0]], [-1, samples.pads_m[index][1]]];
    fill(
      this.#moving,
      this.#circle(handCentre(position), HAND.radius_m, "hand"),
      ...pads.map(([side, pad_m]) => this.#box(finger(position, pad_m, side), "finger")),
      this.#load(samples.load_m[index], samples.load_quaternion[index]),
      ...pads.map(([side, pad_m]) => this.#circle(padCentre(position, pad_m, side), PAD_RADIUS_M, "pad")),
      ...this.#balls(position, samples.load_m[index]),
    );
    this.#flown.setAttribute("d", this.#trace(index));
  }

  #drawStill() {
    const { scene, path, obstacles } = this.#episode;
    const [thin, wide] = [scene.wall_half_thickness_m, WALL_HALF_WIDTH_M];
    const wall = { low: [scene.wall_x_m - thin, -wide, 0], high: [scene.wall_x_m + thin, wide, scene.wall_height_m] };
    const table = { low: [-TABLE.half_m, -TABLE.half_m, -TABLE.thickness_m], high: [TABLE.half_m, TABLE.half_m, 0] };
    fill(
      this.#still,
      this.#box(table, "table"),
      this.#box(wall, "wall"),
      ...obstacles.filter(({ mayBeTouched }) => !mayBeTouched).map((one) => this.#outline(one)),
      this.#ring(scene.start_m, "start"),
      this.#ring(scene.goal_m, "goal"),
      path.length > 1 && svg("path", { class: "planned", d: pathData(path.map((point) => this.#at(point))) }),
      ...this.#labels(scene),
      this.#view.up === 2 && this.#scaleBar(),
    );
  }

  #at(point) {
    const [across, up] = flat(this.#view, point);
    return [this.#to.x(across), this.#to.y(up)];
  }

  #box({ low, high }, kind) {
    const box = flatBox(this.#view, low, high);
    const [x, y] = [this.#to.x(box.low[0]), this.#to.y(box.high[1])];
    const [width, height] = [this.#to.length(box.high[0] - box.low[0]), this.#to.length(box.high[1] - box.low[1])];
    return svg("rect", { class: kind, x, y, width: Math.max(0, width), height: Math.max(0, height) });
  }

  #circle(centre, radius_m, kind) {
    const [cx, cy] = this.#at(centre);
    return svg("circle", { class: kind, cx, cy, r: this.#to.length(radius_m) });
  }

  #outline(obstacle) {
    return obstacle.low ? this.#box(obstacle, "outline") : this.#circle(obstacle.centre, obstacle.radius, "outline");
  }

  /** A place on the table: a circle from above, a line from the side. */
  #ring(spot, kind) {
    const { radius_m } = this.#episode.scene;
    if (this.#view.up === 1) return this.#circle([...spot, 0], radius_m, kind);
    const [x, y] = this.#at([...spot, 0]);
    const half = this.#to.length(radius_m);
    return svg("line", { class: kind, x1: x - half, x2: x + half, y1: y, y2: y });
  }

  #load(centre, quaternion) {
    const { radius_m, half_height_m } = this.#episode.scene;
    const points = cylinder(this.#view, centre, quaternion, radius_m, half_height_m);
    const pixels = points.map(([across, up]) => `${this.#to.x(across).toFixed(1)},${this.#to.y(up).toFixed(1)}`);
    return svg("polygon", { class: "load", points: pixels.join(" ") });
  }

  /** The balls that the contract takes tool and load for. */
  #balls(position, load) {
    const { toolBalls, loadBalls } = this.#episode;
    const moved = (balls, by) => balls.map(({ centre, radius }) => this.#circle(centre.map((value, axis) => value + by[axis]), radius, "ball"));
    return [...moved(toolBalls, position), ...moved(loadBalls, load)];
  }

  #trace(index) {
    const { position_m } = this.#episode.samples;
    const stride = Math.max(1, Math.ceil(index / 1000));
    const points = [];
    for (let at = 0; at < index; at += stride) points.push(this.#at(position_m[at]));
    return pathData([...points, this.#at(position_m[index])]);
  }

  #labels(scene) {
    const label = (text, point, dx, dy, anchor = "middle") => {
      const [x, y] = this.#at(point);
      return svg("text", { class: "label", x: x + dx, y: y + dy, "text-anchor": anchor }, text);
    };
    const isSide = this.#view.up === 2;
    const goal = isSide ? [...scene.goal_m, 0] : [scene.goal_m[0], scene.goal_m[1] - scene.radius_m, 0];
    const start = isSide ? [...scene.start_m, 0] : [scene.start_m[0], scene.start_m[1] - scene.radius_m, 0];
    const [, low] = extent(this.#view, this.#episode).low;
    const wall = isSide ? [scene.wall_x_m, 0, 0] : [scene.wall_x_m, low, 0];
    return [label("start", start, 0, 15), label("goal", goal, 0, 15), isSide ? label("wall", wall, 0, 15) : label("wall", wall, 6 + this.#to.length(scene.wall_half_thickness_m), -6, "start")];
  }

  #scaleBar() {
    const length = this.#to.length(SCALE_BAR_M);
    const y = 14;
    return svg(
      "g",
      { class: "scale-bar-m" },
      svg("path", { d: `M8 ${y - 4}v4h${length.toFixed(1)}v-4` }),
      svg("text", { class: "label", x: 8 + length / 2, y: y + 13, "text-anchor": "middle" }, `${1000 * SCALE_BAR_M} mm`),
    );
  }

  #words() {
    const { scene, samples } = this.#episode;
    const wall = `a wall ${Math.round(1000 * scene.wall_height_m)} mm high between start and goal`;
    const what = samples ? "The load, the pads and the hand, with the path so far" : "The load at its start, and the path that was refused";
    return `${this.#view.title}: ${wall}. ${what}. The figures under the pictures say where they are.`;
  }
}
