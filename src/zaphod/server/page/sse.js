// Server-sent events out of bytes (WHATWG HTML, section 9.2.6). Knows no JSON and no fetch.

/** Takes text as it comes, cut anywhere, and gives the events that it completes. */
export class EventParser {
  #rest = ""; // the line that has not ended
  #endedWithCr = false; // CR may be half of CRLF, whose LF comes with the next piece
  #isFirst = true;
  #data = [];
  #type = "";

  /** @returns {{type: string, data: string}[]} */
  feed(text) {
    if (this.#isFirst && text) {
      this.#isFirst = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    if (this.#endedWithCr && text.startsWith("\n")) text = text.slice(1);
    if (text) this.#endedWithCr = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line === "") this.#dispatch(events);
      else this.#field(line);
    }
    return events;
  }

  #dispatch(events) {
    if (this.#data.length) events.push({ type: this.#type || "message", data: this.#data.join("\n") });
    this.#data = [];
    this.#type = "";
  }

  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment, which servers send to keep the connection
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
  }
}

/** Events of a response body. A character whose bytes come in two chunks is put together by the streaming decoder. */
export async function* eventsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Leaving early closes the connection: the server then stops computing.
    await reader.cancel().catch(() => {});
  }
}
