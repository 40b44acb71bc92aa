// The field for questions: grows with the text, Enter asks, Shift-Enter breaks the line.

/** @param deeds {ask(text), editLast()} */
export function wireComposer(form, field, deeds) {
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  };
  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    // While an input method composes, Enter chooses a word.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "ArrowUp" && field.value === "" && deeds.editLast()) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || !deeds.ask(text)) return;
    field.value = "";
    grow();
  });
  grow();
}
