// The planner: joins the question, the server and the answer. The file to read first of those called planner-*.

import { Announcer } from "./announce.js";
import { byId } from "./dom.js";
import { AnswerView } from "./planner-answer.js";
import { Question } from "./planner-question.js";
import { wireTheme } from "./theme.js";
import { Broken, getJson, postJson, Refusal, Unreachable } from "./transport.js";

const PLAN = "../zaphod/plan"; // from this page's own folder
const PAUSE_MS = 180; // a slider that moves asks once it rests
const SPEAK_MS = 1200;
const TIMEOUT_MS = 30_000;

const announcer = new Announcer(byId("announcements"));
const view = new AnswerView(byId("answer"), () => (question ? ask() : begin()));
let question = null;
let asking = null;
let resting = 0;
let speaking = 0;

function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => announcer.say(text), SPEAK_MS);
}

function fail(error) {
  if (!(error instanceof Refusal || error instanceof Unreachable || error instanceof Broken)) throw error;
  view.failed(error);
  say(`There is no plan. ${error.message}`);
}

async function ask() {
  asking?.abort();
  const mine = (asking = new AbortController());
  const asked = question.asked;
  view.waiting();
  try {
    const { plan, why_not: whyNot } = await postJson(PLAN, asked, AbortSignal.any([mine.signal, AbortSignal.timeout(TIMEOUT_MS)]));
    if (mine !== asking) return;
    if (plan) view.show(plan, asked);
    else view.refused(whyNot);
    say(plan ? plan.answer : `There is no such plan. ${whyNot.found}`);
  } catch (error) {
    if (mine.signal.aborted || mine !== asking) return;
    fail(error);
  }
}

function askSoon() {
  view.waiting();
  clearTimeout(resting);
  resting = setTimeout(ask, PAUSE_MS);
}

async function begin() {
  view.waiting();
  try {
    question = new Question(byId("question"), await getJson(PLAN, TIMEOUT_MS), askSoon);
    await ask();
  } catch (error) {
    fail(error);
  }
}

wireTheme(byId("theme"));
begin();
