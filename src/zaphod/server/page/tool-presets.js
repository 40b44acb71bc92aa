// The eight tools that the built-in model was trained on (src/zaphod/data/tasks/tool_call.py), as definitions to attach.

const text = (description) => ({ type: "string", description });
const choice = (...values) => ({ type: "string", enum: values });
const tool = (name, description, properties, required = Object.keys(properties)) => ({
  name,
  description,
  parameters: { type: "object", properties, required, additionalProperties: false },
});

export const TOOL_PRESETS = [
  tool("set_timer", "Counts down and rings.", {
    amount: { type: "integer", minimum: 1 },
    unit: choice("seconds", "minutes", "hours"),
  }),
  tool("get_weather", "Weather of a city on a day.", { city: text("The city"), day: text("today, tomorrow, Friday …") }),
  tool("define_word", "Looks a word up.", { word: text("The word") }),
  tool("convert_units", "Converts a quantity.", {
    value: { type: "number" },
    from: text("Unit of the value"),
    to: text("Unit that is wanted"),
  }),
  tool("send_message", "Sends a person a message.", { to: text("Name of the person"), text: text("The message") }),
  tool(
    "play_music",
    "Plays a title, or a style of music.",
    { title: text("Title"), artist: text("Artist"), style: text("Style instead of a title") },
    [],
  ),
  tool("calculator", "Works an expression out.", { expression: text("Such as 12 * 13") }),
  tool("search_news", "Finds news about a topic.", { topic: text("The topic") }),
];
