// The replay of a robot's episode: joins file, reader and view. The file to read first of those called robot-*.

import { Announcer } from "./announce.js";
import { copyText } from "./clipboard.js";
import { byId, fill } from "./dom.js";
import { Malformed } from "./robot-checks.js";
import { EpisodeView } from "./robot-episode.js";
import { episodeIn, StartView, wireDrop } from "./robot-file.js";
import { spoken } from "./robot-verdict.js";
import { wireTheme } from "./theme.js";

const announcer = new Announcer(byId("announcements"));
const chosen = byId("file");
const start = new StartView(byId("start"), () => chosen.click());
let shown = null;
let latest = 0;

async function copy(text) {
  announcer.say((await copyText(text)) ? "Copied." : "The browser did not let the page copy.");
}

/** Two frames: the first is not painted yet when it is told of. */
const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

async function open(file) {
  const number = (latest += 1);
  clear();
  start.loading(file.name);
  announcer.say("Reading the recording.");
  if (!document.hidden) await painted();
  try {
    const episode = await episodeIn(file);
    if (number === latest) show(episode);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    if (number !== latest) return;
    start.failed(file.name, error);
    announcer.say(`This file cannot be shown. ${error.message}`);
  }
}

function clear() {
  shown?.end();
  shown = null;
  fill(byId("episode"));
  byId("start").hidden = false;
  byId("another").hidden = true;
}

function show(episode) {
  shown = new EpisodeView(episode, { say: (text) => announcer.say(text), copy });
  byId("start").hidden = true;
  fill(byId("start")); // one heading at a time
  byId("another").hidden = false;
  fill(byId("episode"), shown.element);
  scrollTo(0, 0);
  shown.title.focus({ preventScroll: true });
  announcer.say(spoken(episode));
}

chosen.addEventListener("change", () => {
  const [file] = chosen.files;
  chosen.value = ""; // the same file may be chosen again
  if (file) open(file);
});
byId("another").addEventListener("click", () => chosen.click());
document.addEventListener("keydown", (event) => {
  if (!shown?.player || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || event.code !== "KeyP") return;
  event.preventDefault();
  shown.player.toggle();
});
wireTheme(byId("theme"));
wireDrop(open);
start.empty();
