// What was proved of the plan, on what assumptions, and how it was found. Says what the file says; proves nothing.

import { el } from "./dom.js";
import { count, plural } from "./format.js";

const DIGESTS = { plan: "plan", contract: "contract" };
const FINDINGS_SHOWN = 6;

/** @param copy puts a text into the clipboard */
export function proofPanel(episode, copy) {
  return el(
    "section",
    { class: "proof", "aria-labelledby": "proof-title" },
    el("h2", { id: "proof-title" }, "Proof"),
    ...status(episode),
    episode.assuming && el("p", { class: "assuming from-file" }, el("span", { class: "term" }, "Assuming "), episode.assuming, "."),
    ...digests(episode, copy),
    ...rounds(episode.rounds),
    el("p", { class: "hint" }, "This is what the file says. ", el("code", {}, "zaphod verify --check"), " holds a certificate against plan and contract; ", el("code", {}, "zaphod audit actions"), " tells what allowed an action."),
  );
}

function status({ proof }) {
  if (!proof) return [el("p", {}, "Nothing was proved: there was no plan.")];
  const verdict = proof.accepted ? "Every claim is proved." : "Not every claim is proved, so nothing was carried out.";
  const rows = proof.claims.flatMap(([name, num]) => [el("dt", { class: "from-file" }, name), el("dd", {}, num ? plural(num, "claim") : "nothing to prove")]);
  return [
    el("p", { class: "proof-verdict" }, verdict),
    el("dl", { class: "rows" }, ...rows, el("dt", {}, "decided in"), el("dd", {}, `${(1000 * proof.seconds).toFixed(1)} ms`)),
  ];
}

function digests({ certificate_sha256: certificate, proof }, copy) {
  const named = [["certificate", certificate], ...(proof?.subjects ?? []).filter(([name]) => Object.hasOwn(DIGESTS, name))].filter(([, value]) => value);
  const rows = named.flatMap(([name, value]) => [
    el("dt", {}, name),
    el("dd", { class: "digest" }, el("code", { class: "from-file" }, value), el("button", { type: "button", class: "quiet", "aria-label": `Copy the digest of the ${name}`, onclick: () => copy(value) }, "Copy")),
  ]);
  const none = certificate ? null : el("p", { class: "hint" }, "No certificate was kept.");
  return [el("h3", {}, "Digests"), rows.length ? el("dl", { class: "digests" }, ...rows) : null, none];
}

function rounds(all) {
  if (!all.length) return [];
  const item = ({ accepted, findings }) => {
    const shown = findings.slice(0, FINDINGS_SHOWN).map((finding) => el("li", { class: "from-file" }, finding));
    const rest = findings.length - shown.length;
    return el(
      "li",
      {},
      el("p", {}, accepted ? "Accepted." : `Refused: ${plural(findings.length, "counterexample")}.`),
      shown.length > 0 && el("ul", {}, ...shown, rest > 0 && el("li", {}, `and ${count(rest)} more`)),
    );
  };
  return [el("h3", {}, all.length === 1 ? "One round" : `${all.length} rounds`), el("ol", { class: "rounds" }, ...all.map(item))];
}
