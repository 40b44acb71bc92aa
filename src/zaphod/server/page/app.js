// The page: makes its parts and lets them know of each other. The file to read first.

import { Announcer } from "./announce.js";
import { Chat } from "./chat.js";
import { copyText } from "./clipboard.js";
import { wireComposer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { byId, setText } from "./dom.js";
import { drawEmpty } from "./empty.js";
import { plural } from "./format.js";
import { Notices } from "./notices.js";
import { Panel } from "./panel.js";
import { drawFacts, setOptions, wireSettings } from "./settings-drawer.js";
import { attachedNames, requestBody, settingsFrom } from "./settings.js";
import { wireShortcuts } from "./shortcuts.js";
import { StatusPoll } from "./status.js";
import { forgetKept, getKept, getKey, keep, setKey } from "./storage.js";
import { wireTheme } from "./theme.js";
import { ThreadView } from "./thread-view.js";
import { wireTools } from "./tools-dialog.js";

const kept = getKept();
const settings = settingsFrom(kept?.settings);
const announcer = new Announcer(byId("announcements"));
const poll = new StatusPoll();
const notices = new Notices(byId("notices"), (text) => announcer.say(text));
const panel = new Panel(byId("panel"));
const chat = new Chat((messages) => requestBody(settings, poll.latest, messages));
const question = byId("question");

let lastMeasured = null;
let answerForKey = null; // the answer that failed for want of a key

const thread = new ThreadView(byId("conversation"), {
  edit: (node, text) => {
    chat.edit(node, text);
    question.focus();
  },
  regenerate: (node) => chat.regenerate(node),
  confirm: (node) => chat.confirm(node),
  decideCall: (node, held, decision) => chat.decideCall(node, held, decision),
  sendResults: (node, results) => {
    chat.sendResults(node, results);
    question.focus();
  },
  choose: (node) => chat.choose(node),
  copy,
  editQuestionOf: (node) => editQuestionAbove(node),
  known: () => poll.latest,
});

// Deeds -------------------------------------------------------------------------------------------------------------

function ask(text) {
  const isAsked = chat.ask(text);
  if (isAsked) {
    question.focus();
    thread.toEnd();
  }
  return isAsked;
}

async function copy(text) {
  const isCopied = await copyText(text);
  announcer.say(isCopied ? "Copied." : "The browser did not let the page copy.");
}

function editQuestionAbove(node) {
  let above = node;
  while (above && above.role !== "user") above = above.parent;
  if (above) thread.view(above).edit();
  return Boolean(above);
}

function clear() {
  chat.clear();
  announcer.say("New conversation.");
  question.focus();
}

/** A deed on the last answer, if there is one that is whole. */
const onLastAnswer = (deed) => () => {
  const node = chat.conversation.last("assistant");
  if (node && !chat.isRunning) deed(node);
};

// What the conversation tells -----------------------------------------------------------------------------------------

function draw() {
  const path = chat.conversation.path();
  byId("empty").hidden = path.length > 0;
  if (!path.length) drawEmptyPage();
  thread.draw(path);
  drawButtons();
}

function drawButtons() {
  const hadFocus = [byId("ask"), byId("stop")].includes(document.activeElement);
  byId("ask").hidden = chat.isRunning;
  byId("stop").hidden = !chat.isRunning;
  if (hadFocus) question.focus();
}

function drawEmptyPage() {
  drawEmpty(byId("empty"), poll.latest, { ask, restore: chat.cleared && (() => chat.restore()) });
}

chat.addEventListener("change", () => {
  if (chat.isRunning) announcer.begin();
  draw();
  save();
});

chat.addEventListener("growth", ({ detail: node }) => {
  thread.grow(node, () => {
    const spoken = thread.view(node)?.spoken();
    if (chat.isRunning && spoken) announcer.follow(spoken);
  });
});

chat.addEventListener("end", ({ detail: node }) => {
  const { answer } = node;
  draw();
  announcer.finish(thread.view(node)?.spoken() ?? "");
  if (answer.ended === "stopped") announcer.say("Stopped.");
  if (answer.problem) announcer.say(`${answer.problem.title}. ${answer.problem.text}`);
  if (answer.problem?.kind === "key") askForKey(answer.problem.text, node);
  if (answer.measured) lastMeasured = answer.measured;
  panel.update(poll.latest, lastMeasured);
  save();
});

// What the server tells -----------------------------------------------------------------------------------------------

function askForKey(message, node = null) {
  answerForKey = node ?? answerForKey;
  const wasGiven = Boolean(getKey());
  notices.key(message, wasGiven, (key) => {
    setKey(key);
    poll.now();
    const retried = answerForKey;
    answerForKey = null;
    if (retried) chat.regenerate(retried);
    question.focus();
  });
}

poll.addEventListener("known", ({ detail: status }) => {
  if (status.ready === false) notices.loading(status.reason);
  else if (!answerForKey) notices.clear();
  panel.update(status, lastMeasured);
  drawFacts(byId("facts"), status);
  drawChoices(status);
  if (byId("tools").dataset.model !== String(status.model)) {
    byId("tools").dataset.model = status.model;
    drawTools();
    drawNumTools();
  }
  byId("key-setting").hidden = !status.needs_key || !getKey();
  byId("routing-setting").hidden = !status.num_experts;
  if (chat.conversation.isEmpty && byId("empty").dataset.model !== String(status.model)) {
    byId("empty").dataset.model = status.model;
    drawEmptyPage();
  }
});

poll.addEventListener("unreachable", () => {
  notices.unreachable();
  panel.stale();
});

poll.addEventListener("refused", ({ detail: refusal }) => {
  panel.stale();
  if (refusal.status === 401) askForKey(refusal.message);
});

function drawChoices(status) {
  const models = status.models?.length ? status.models : status.model ? [status.model] : [];
  const modes = status.modes ?? [];
  byId("model-choice").hidden = models.length === 0;
  byId("mode-choice").hidden = modes.length === 0;
  setOptions(byId("model"), models.map((id) => [id, id]), models.includes(settings.model) ? settings.model : status.model);
  setOptions(byId("mode"), modes.map(({ name, title, description }) => [name, title ?? name, description]), settings.mode);
}

// What the person chooses ---------------------------------------------------------------------------------------------

function save() {
  if (!settings.keeps) return;
  const isKept = keep({ settings, conversation: chat.conversation });
  if (!isKept) announcer.say("This browser has no room to keep the conversation.");
}

function settingChanged(name) {
  if (name === "keeps" && !settings.keeps) forgetKept();
  drawNumTools();
  save();
}

function drawNumTools() {
  const num = attachedNames(settings, poll.latest).length;
  byId("attached-tools").hidden = num === 0;
  setText(byId("attached-tools"), plural(num, "tool"));
}

for (const name of ["model", "mode"]) {
  byId(name).addEventListener("change", (event) => {
    settings[name] = event.target.value;
    save();
  });
}

function open(id) {
  byId(id).showModal();
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-closes]").addEventListener("click", () => dialog.close());
  // A click beside a dialog hits its backdrop, which counts as the dialog itself.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

byId("open-settings").addEventListener("click", () => open("settings"));
byId("open-tools").addEventListener("click", () => open("tools"));
byId("attached-tools").addEventListener("click", () => open("tools"));
byId("open-help").addEventListener("click", () => open("help"));
byId("new-conversation").addEventListener("click", clear);
byId("stop").addEventListener("click", () => chat.stop());
byId("forget-key").addEventListener("click", () => {
  setKey(null);
  byId("settings").close();
  poll.now();
});

wireTheme(byId("theme"));
wireSettings(settings, settingChanged);
const drawTools = wireTools(settings, () => poll.latest, settingChanged);
wireComposer(byId("composer"), question, { ask, editLast: () => editQuestionAbove(chat.conversation.path().at(-1)) });
wireShortcuts(byId("shortcuts"), {
  stop: () => chat.isRunning && (() => chat.stop()),
  regenerate: onLastAnswer((node) => chat.regenerate(node)),
  copy: onLastAnswer((node) => copy(node.answer.text)),
  clear,
  settings: () => open("settings"),
  help: () => open("help"),
});

if (kept?.conversation) chat.restore(Conversation.from(kept.conversation));
drawTools();
settingChanged();
draw();
poll.start();
