// A conversation as a tree: an edited question and a regenerated answer are new branches, nothing is lost.
// Knows messages, no view and no network.

/** Nodes: {id, role: "user" | "assistant" | "tool", parent, children, chosen, …}; users have `text`, assistants
 *  `answer`, tools `results`. */
export class Conversation {
  #nextId = 1;
  root = { id: 0, role: "root", parent: null, children: [], chosen: -1 };

  get isEmpty() {
    return this.root.children.length === 0;
  }

  /** A new branch under a node, which becomes the one that is shown. */
  add(parent, fields) {
    const node = { ...fields, id: this.#nextId++, parent, children: [], chosen: -1 };
    parent.children.push(node);
    parent.chosen = parent.children.length - 1;
    return node;
  }

  choose(node) {
    node.parent.chosen = node.parent.children.indexOf(node);
  }

  /** Takes away a node that holds nothing. */
  remove(node) {
    const { parent } = node;
    parent.children = parent.children.filter((child) => child !== node);
    parent.chosen = parent.children.length - 1;
  }

  /** The nodes that are shown, first to last. */
  path() {
    const nodes = [];
    for (let node = this.root.children[this.root.chosen]; node; node = node.children[node.chosen]) nodes.push(node);
    return nodes;
  }

  last(role) {
    return this.path().findLast((node) => node.role === role);
  }

  /** Everything above a node as messages of the API. */
  messagesBefore(node) {
    const nodes = [];
    for (let above = node.parent; above.parent; above = above.parent) nodes.unshift(above);
    return nodes.flatMap((above, index) => messagesOf(above, nodes[index + 1]));
  }

  toJSON() {
    const plain = ({ parent, children, ...fields }) => ({ ...fields, children: children.map(plain) });
    return plain(this.root);
  }

  static from(kept) {
    const made = new Conversation();
    const grow = (parent, { children, chosen, id, ...fields }) => {
      const node = made.add(parent, fields);
      if (node.answer?.ended === null) node.answer.ended = "stopped"; // the tab was closed while it streamed
      for (const child of children) grow(node, child);
      node.chosen = chosen;
    };
    for (const child of kept.children) grow(made.root, child);
    made.root.chosen = kept.chosen;
    return made;
  }
}

function messagesOf(node, next) {
  if (node.role === "user") return [{ role: "user", content: node.text }];
  if (node.role === "tool") return node.results.map(({ id, content }) => ({ role: "tool", tool_call_id: id, content }));
  const { text, toolCalls } = node.answer;
  if (!toolCalls.length) return text ? [{ role: "assistant", content: text }] : [];
  // Calls without a result are refused by most servers; who asks on without giving one has them told as text.
  if (next?.role !== "tool") return [{ role: "assistant", content: text || toolCalls.map(callAsText).join("\n") }];
  const calls = toolCalls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  return [{ role: "assistant", content: text || null, tool_calls: calls }];
}

const callAsText = (call) => `{"tool":${JSON.stringify(call.name)},"arguments":${call.arguments || "{}"}}`;
