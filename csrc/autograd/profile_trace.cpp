// A profile in the Trace Event Format (Duiker and Sinclair, Google, 2016), which Perfetto reads.
#include <cstdio>

#include "autograd/profile_report.h"

WENGERT_NAMESPACE_BEGIN
namespace report {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string microseconds(int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(ns / 1000),
                static_cast<long long>(ns % 1000));
  return text;
}

const char* category(EventKind kind) {
  switch (kind) {
    case EventKind::operation:
      return "cpu_op";
    case EventKind::backward:
      return "backward";
    case EventKind::range:
      return "user_annotation";
    default:
      return "module";
  }
}

std::string arguments(const ProfileEvent& e, size_t index) {
  std::string out = "{\"External id\": " + std::to_string(index + 1);
  const auto number = [&](const char* name, auto value) {
    if (value) out += std::string(", \"") + name + "\": " + std::to_string(value);
  };
  number("Sequence number", e.node);
  number("Bytes", e.bytes);
  number("FLOPs", e.flops);
  number("Allocated", e.allocated);
  if (!e.inputs.empty()) {
    std::string types, shapes;
    for (const auto& [dtype, shape] : e.inputs) {
      types += (types.empty() ? "\"" : ", \"") + std::string(name_of(dtype)) + '"';
      shapes += shapes.empty() ? "[" : ", [";
      for (size_t i = 0; i < shape.size(); ++i) {
        shapes += (i ? ", " : "") + std::to_string(shape[i]);
      }
      shapes += ']';
    }
    out += ", \"Input type\": [" + types + "], \"Input Dims\": [" + shapes + ']';
  }
  if (!e.stack.empty()) out += ", \"Call stack\": " + quoted(e.stack);
  return out + '}';
}

// One end of the arrow from a call to its node; it must lie within the event.
std::string flow(const ProfileEvent& e, size_t id, bool start) {
  return std::string(",\n{\"ph\": \"") + (start ? "s" : "f") + "\", \"id\": " + std::to_string(id) +
         ", \"cat\": \"fwdbwd\", \"name\": \"fwdbwd\", \"pid\": 1, \"tid\": " +
         std::to_string(e.thread) + ", \"ts\": " + microseconds(e.begin_ns) +
         (start ? "}" : ", \"bp\": \"e\"}");
}

}  // namespace

std::string chrome_trace(const Events& events,
                         const std::vector<std::pair<std::string, std::string>>& metadata) {
  std::string out = "{\"schemaVersion\": 1, \"displayTimeUnit\": \"ms\"";
  for (const auto& [key, value] : metadata) out += ",\n" + quoted(key) + ": " + value;
  out += ",\n\"traceEvents\": [\n";
  out +=
      "{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": 1, \"args\": {\"name\": \"wengert\"}}";
  for (size_t i = 0; i < events.size(); ++i) {
    const ProfileEvent& e = events[i];
    out += ",\n{\"ph\": \"X\", \"cat\": \"" + std::string(category(e.kind)) +
           "\", \"name\": " + quoted(e.name) +
           ", \"pid\": 1, \"tid\": " + std::to_string(e.thread) +
           ", \"ts\": " + microseconds(e.begin_ns) +
           ", \"dur\": " + microseconds(e.end_ns - e.begin_ns) + ", \"args\": " + arguments(e, i) +
           '}';
    if (e.forward < 0) continue;
    out += flow(events[static_cast<size_t>(e.forward)], i + 1, true);
    out += flow(e, i + 1, false);
  }
  return out + "\n]}\n";
}

}  // namespace report
WENGERT_NAMESPACE_END
