// Asks, streams, stops: the deeds of a conversation. Knows no element; views listen to its events.

import { emptyAnswer, fold } from "./answer.js";
import { Conversation } from "./conversation.js";
import { problemOf } from "./problem.js";
import { Broken, chatChunks, decide } from "./transport.js";

/** Emits `change` (a node was added or chosen), `growth` (the running answer grew) and `end` (detail: its node). */
export class Chat extends EventTarget {
  conversation = new Conversation();
  #running = null; // {node, controller}
  #cleared = null;
  #bodyOf;

  /** @param bodyOf makes a request's body of messages */
  constructor(bodyOf) {
    super();
    this.#bodyOf = bodyOf;
  }

  get isRunning() {
    return this.#running !== null;
  }

  /** The conversation that `clear` took away. */
  get cleared() {
    return this.#cleared;
  }

  /** False while an answer runs. */
  ask(text) {
    const path = this.conversation.path();
    return this.#askUnder(path.at(-1) ?? this.conversation.root, { role: "user", text });
  }

  /** A new branch beside a question. */
  edit(node, text) {
    return this.#askUnder(node.parent, { role: "user", text });
  }

  sendResults(node, results) {
    return this.#askUnder(node, { role: "tool", results });
  }

  regenerate(node) {
    if (this.isRunning) return false;
    const { text, toolCalls, problem } = node.answer;
    if (problem && !text && !toolCalls.length) this.conversation.remove(node); // no version that anybody would look for
    return this.#answerTo(node.parent);
  }

  /** A person lets a held request in: the same one is sent again, under the confirmation's name. */
  async confirm(node) {
    if (this.isRunning) return;
    const { problem } = node.answer;
    try {
      await decide(problem.guard.held[0].id, "approve");
    } catch (error) {
      node.answer.problem = { ...problemOf(error), since_ms: Date.now() };
      return this.#emit("end", node);
    }
    this.conversation.remove(node);
    this.#answerTo(node.parent, problem.guard.held[0].id);
  }

  /** A person's word on a call that the model asks for; an approved one joins the answer's calls. */
  async decideCall(node, held, decision) {
    const { call } = await decide(held.id, decision);
    if (!call) return;
    node.answer.toolCalls.push({ id: call.id, name: call.function.name, arguments: call.function.arguments });
    node.answer.ended = "tool_calls";
    this.#emit("end", node);
  }

  stop() {
    this.#running?.controller.abort();
  }

  choose(node) {
    this.conversation.choose(node);
    this.#emit("change");
  }

  clear() {
    this.stop();
    this.#running = null;
    if (!this.conversation.isEmpty) this.#cleared = this.conversation;
    this.conversation = new Conversation();
    this.#emit("change");
  }

  restore(conversation = this.#cleared) {
    this.conversation = conversation;
    this.#cleared = null;
    this.#emit("change");
  }

  #askUnder(parent, fields) {
    if (this.isRunning) return false;
    this.#cleared = null;
    return this.#answerTo(this.conversation.add(parent, fields));
  }

  #answerTo(parent, approved = null) {
    const node = this.conversation.add(parent, { role: "assistant", answer: emptyAnswer() });
    const controller = new AbortController();
    this.#running = { node, controller };
    this.#emit("change");
    this.#stream(node, controller.signal, approved);
    return true;
  }

  async #stream(node, signal, approved) {
    const { answer } = node;
    try {
      const body = this.#bodyOf(this.conversation.messagesBefore(node));
      for await (const chunk of chatChunks(body, signal, approved)) {
        fold(answer, chunk);
        this.#emit("growth", node);
      }
      if (answer.ended === null) throw new Broken("The stream ended before the answer did.");
    } catch (error) {
      this.#failed(answer, error, signal);
    } finally {
      if (this.#running?.node === node) this.#running = null;
      this.#emit("end", node);
    }
  }

  #failed(answer, error, signal) {
    if (signal.aborted) {
      answer.ended = "stopped";
      return;
    }
    answer.ended = "failed";
    answer.problem = { ...problemOf(error), since_ms: Date.now() };
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
