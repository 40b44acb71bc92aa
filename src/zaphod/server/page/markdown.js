// A small safe part of Markdown: paragraphs, headings, code, emphasis, lists and links, built as nodes.
// Nothing is ever parsed as HTML; what this file does not know stays the text that it is.

import { el } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const BARE_LINK = /https?:\/\/[^\s<>"'`]+/y;
const LINK = /!?\[([^\]\n]{1,300})\]\((https?:\/\/[^\s()]{1,2000})\)/y;
const ESCAPE = /\\([\\`*_[\]()#+\-.!>~|{}])/y;
const PLAIN = /[^\\`*_[!h]+/y; // runs without a sign that could begin something
const MAX_NESTING = 4;
const MAX_EMPHASIS = 2000; // signs; a hostile answer of nothing but stars would otherwise take quadratic time

/** Splits a text into blocks: {kind, source, …}. `source` is what the block was made of, to see whether it changed. */
export function blocksOf(text) {
  const lines = text.split("\n");
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    const start = at;
    let block = null;
    if (lines[at].trim() === "") at += 1;
    else if (FENCE.test(lines[at])) [block, at] = fenced(lines, at);
    else if (HEADING.test(lines[at])) block = { kind: "heading", text: HEADING.exec(lines[at++])[1] };
    else if (ITEM.test(lines[at])) [block, at] = list(lines, at);
    else [block, at] = paragraph(lines, at);
    if (block) blocks.push({ ...block, source: lines.slice(start, at).join("\n") });
  }
  return blocks;
}

function fenced(lines, at) {
  const [, fence, language] = FENCE.exec(lines[at]);
  const code = [];
  for (at += 1; at < lines.length; at += 1) {
    const closing = lines[at].trim();
    if (closing.length >= fence.length && closing === fence[0].repeat(closing.length)) return [{ kind: "code", language, text: code.join("\n") }, at + 1];
    code.push(lines[at]);
  }
  return [{ kind: "code", language, text: code.join("\n") }, at];
}

function list(lines, at) {
  const items = [];
  for (; at < lines.length; at += 1) {
    const item = ITEM.exec(lines[at]);
    if (item) items.push({ indent: item[1].length, number: item[2] ? Number(item[2]) : null, text: item[3] });
    else if (/^\s+\S/.test(lines[at])) items.at(-1).text += `\n${lines[at].trim()}`;
    else if (lines[at].trim() !== "" || !ITEM.test(lines[at + 1] ?? "")) break;
  }
  return [{ kind: "list", items }, at];
}

function paragraph(lines, at) {
  const start = at;
  const ends = (line) => line.trim() === "" || FENCE.test(line) || HEADING.test(line) || ITEM.test(line);
  for (at += 1; at < lines.length && !ends(lines[at]); ) at += 1;
  return [{ kind: "paragraph", text: lines.slice(start, at).join("\n") }, at];
}

/** The element of a block. */
export function blockElement(block) {
  if (block.kind === "code") {
    return el("pre", { tabindex: 0, role: "region", "aria-label": block.language ? `Code, ${block.language}` : "Code" }, el("code", {}, block.text));
  }
  if (block.kind === "list") return listElement(block.items);
  if (block.kind === "heading") return el("p", { class: "heading" }, el("strong", {}, ...inline(block.text)));
  return el("p", {}, ...inline(block.text));
}

/** Items by their indentation: a deeper one opens a list inside the item before it. */
function listElement(items) {
  const open = []; // {indent, element}
  for (const item of items) {
    while (open.length > 1 && item.indent < open.at(-1).indent) open.pop();
    if (!open.length || (item.indent > open.at(-1).indent + 1 && open.length < MAX_NESTING)) {
      const element = item.number === null ? el("ul") : el("ol", { start: item.number });
      open.at(-1)?.element.lastElementChild.append(element);
      open.push({ indent: item.indent, element });
    }
    open.at(-1).element.append(el("li", {}, ...inline(item.text)));
  }
  return open[0].element;
}

/** Text with code, emphasis and links as nodes. */
export function inline(text, depth = 0) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(...withBreaks(plain));
    plain = "";
  };
  for (let at = 0; at < text.length; ) {
    const found = matchAt(text, at, depth);
    if (found.node) {
      flush();
      nodes.push(found.node);
    } else plain += found.text;
    at = found.end;
  }
  flush();
  return nodes;
}

/** What stands at a place: a node or plain text, and where it ends. */
function matchAt(text, at, depth) {
  const run = sticky(PLAIN, text, at);
  if (run) return { text: run[0], end: at + run[0].length };
  const escape = sticky(ESCAPE, text, at);
  if (escape) return { text: escape[1], end: at + 2 };
  return codeAt(text, at) ?? emphasisAt(text, at, depth) ?? linkAt(text, at) ?? { text: text[at], end: at + 1 };
}

function sticky(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function codeAt(text, at) {
  if (text[at] !== "`") return null;
  let end = at;
  while (text[end] === "`") end += 1;
  const fence = text.slice(at, end);
  const close = text.indexOf(fence, end);
  if (close < 0) return { text: fence, end };
  const code = text.slice(end, close);
  return { node: el("code", {}, code.trim() || code), end: close + fence.length };
}

/** Emphasis begins and ends at the border of a word, so that 2*3*4 and snake_case stay what they are. */
function emphasisAt(text, at, depth) {
  const sign = text[at];
  if ((sign !== "*" && sign !== "_") || depth >= MAX_NESTING) return null;
  const mark = text[at + 1] === sign ? sign + sign : sign;
  const begin = at + mark.length;
  if (isWordSign(text[at - 1]) || !text[begin]?.trim() || text[begin] === sign) return { text: mark, end: begin };
  for (let close = text.indexOf(mark, begin); close >= 0 && close - begin < MAX_EMPHASIS; close = text.indexOf(mark, close + 1)) {
    if (!text[close - 1].trim() || isWordSign(text[close + mark.length]) || text[close + mark.length] === sign) continue;
    const inner = inline(text.slice(begin, close), depth + 1);
    return { node: el(mark.length === 2 ? "strong" : "em", {}, ...inner), end: close + mark.length };
  }
  return { text: mark, end: begin };
}

const isWordSign = (sign) => sign !== undefined && /[\p{L}\p{N}]/u.test(sign);

function linkAt(text, at) {
  const named = sticky(LINK, text, at);
  if (named) return { node: link(named[2], named[1]), end: at + named[0].length };
  const bare = sticky(BARE_LINK, text, at);
  if (!bare) return null;
  const address = bare[0].replace(/[.,;:!?)\]*_]+$/, "");
  return { node: link(address, address), end: at + address.length };
}

/** A link that says where it leads; plain text where it is no ordinary web address. */
function link(address, label) {
  const url = URL.parse?.(address) ?? (URL.canParse(address) ? new URL(address) : null);
  const isOrdinary = url && (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password;
  if (!isOrdinary) return document.createTextNode(label === address ? address : `${label} (${address})`);
  const anchor = el("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" }, label);
  if (label.includes(url.host)) return anchor;
  return el("span", {}, anchor, el("span", { class: "host" }, ` (${url.host})`));
}

function withBreaks(text) {
  return text.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
}

/** Draws a growing text, and replaces only the blocks that changed: selections and scroll positions stay. */
export class MarkdownView {
  element = el("div", { class: "prose" });
  #sources = [];

  update(text) {
    const blocks = blocksOf(text);
    const { element } = this;
    while (element.childElementCount > blocks.length) element.lastElementChild.remove();
    blocks.forEach((block, index) => {
      if (this.#sources[index] === block.source && element.children[index]) return;
      const made = blockElement(block);
      if (element.children[index]) element.children[index].replaceWith(made);
      else element.append(made);
    });
    this.#sources = blocks.map((block) => block.source);
  }
}
