// The eight tools that the built-in model was trained on (src/zaphod/data/tasks/second/tools.py), as definitions to attach.

const text = (description) => ({ type: "string", description });
const choice = (...values) => ({ type: "string", enum: values });
const tool = (name, description, properties, required = Object.keys(properties)) => ({
  name,
  description,
  parameters: { type: "object", properties, required, additionalProperties: false },
});

export const TOOL_PRESETS = [
  tool("set_timer", "Rings after some time.", {
    amount: { type: "integer", minimum: 1 },
    unit: choice("seconds", "minutes", "hours"),
  }),
  tool("get_weather", "Weather forecast of a city.", { city: text("The city"), day: { ...text("today, tomorrow, Friday …"), default: "today" } }, ["city"]),
  tool("define_word", "Meaning of a word in the dictionary.", { word: text("The word") }),
  tool("convert_units", "Converts an amount to another unit.", {
    value: { type: "number" },
    from: text("Unit of the value"),
    to: text("Unit that is wanted"),
  }),
  tool("send_message", "Sends a text message to somebody.", { to: text("Name of the person"), text: text("The message") }),
  tool(
    "play_music",
    "Plays a song.",
    { title: text("Title"), artist: text("Artist"), style: text("Style instead of a title") },
    [],
  ),
  tool("calculator", "Computes an expression.", { expression: text("Such as 12 * 13") }),
  tool("search_news", "News about a topic.", { topic: text("The topic") }),
];
