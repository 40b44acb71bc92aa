// Reads JSON that is still being written, so that a plan grows step by step instead of appearing at its end.

const CLOSER = { "{": "}", "[": "]" };

/** The value so far, or undefined where the text is no JSON object or array. A cut string ends where it is cut. */
export function partialJson(text) {
  if (!/^\s*[{[]/.test(text)) return undefined;
  const scan = scanned(text);
  if (!scan) return undefined;
  return parsed(text + scan.tail) ?? parsed(text.slice(0, scan.safeLength) + scan.safeTail);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Brackets that are open at the end, and at the last place where closing them is certain to be right. */
function scanned(text) {
  const open = [];
  const tail = () => open.toReversed().join("");
  let inString = false;
  let safeLength = 0;
  let safeTail = "";
  const mark = (length) => {
    safeLength = length;
    safeTail = tail();
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (inString) {
      if (sign === "\\") at += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (CLOSER[sign]) {
      open.push(CLOSER[sign]);
      mark(at + 1);
    } else if (sign === "}" || sign === "]") {
      if (open.pop() !== sign) return null;
      mark(at + 1);
    } else if (sign === ",") mark(at);
  }
  return { tail: (inString ? '"' : "") + tail(), safeLength, safeTail };
}
