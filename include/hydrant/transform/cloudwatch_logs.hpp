// SPDX-License-Identifier: MIT
//
// What a subscription of CloudWatch Logs sends is an envelope with many log
// events in it; here each event's message becomes a record. Firehose's
// processor CloudWatchLogProcessing, with DataMessageExtraction.
#pragma once

#include <hydrant/transform/json_scanner.hpp>
#include <hydrant/transform/transform.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

namespace detail {

/// Whether a string of a JSON text stands for `text`, however it was escaped.
inline bool is_json_string(const JsonString& string, std::string_view text) {
  constexpr std::size_t escape_size = 6;
  if (!string.has_escapes) {
    return string.raw == text;
  }
  if (string.raw.size() > text.size() * escape_size) {
    return false;
  }
  std::string unescaped(string.raw.size(), '\0');
  unescaped.resize(unescape_json(string.raw, unescaped.data()));
  return unescaped == text;
}

/// Calls `visit(name, value)` for each member of the object that comes next; the value is its
/// JSON text. Returns: false where it is no valid object, up to the member that is not.
template <class Visit>
bool for_each_json_member(JsonScanner& scanner, std::string_view text, Visit visit) {
  if (!scanner.take('{')) {
    return false;
  }
  if (scanner.take('}')) {
    return true;
  }
  do {
    JsonString name;
    scanner.skip_space();
    if (!scanner.take_string(name) || !scanner.take(':')) {
      return false;
    }
    scanner.skip_space();
    const std::size_t begin = scanner.position();
    if (!scanner.skip_value()) {
      return false;
    }
    visit(name, text.substr(begin, scanner.position() - begin));
  } while (scanner.take(','));
  return scanner.take('}');
}

/// The string that is all of a JSON value; has no data where it is none.
inline JsonString json_string_of(std::string_view value) {
  JsonString string;
  JsonScanner(value).take_string(string);
  return string;
}

/// Emits the text that a string stands for.
inline void emit_json_string(const JsonString& string, Emitter& out) {
  if (!string.has_escapes) {
    out.emit(string.raw);
    return;
  }
  const std::span<char> room = out.reserve(string.raw.size());
  if (room.size() == string.raw.size()) {  // if not, the emitter's owner knows
    out.commit(unescape_json(string.raw, room.data()));
  }
}

}  // namespace detail

/// What `extract_log_messages` makes.
/// Threads: shared: safe.
struct ExtractLogMessages {
  /// Firehose documents no codes for these; they are called like those of its format conversion.
  static constexpr std::string_view parse_error_code = "CloudWatchLogProcessing.ParseError";
  static constexpr std::string_view malformed_code = "CloudWatchLogProcessing.MalformedData";

  Outcome operator()(const RecordView& record, Emitter& out) const {
    const std::string_view text = record.text();
    detail::JsonScanner scanner(text);
    std::string_view type;
    std::string_view events;
    const bool is_object = detail::for_each_json_member(
        scanner, text, [&](const detail::JsonString& name, std::string_view value) {
          if (detail::is_json_string(name, "messageType")) {
            type = value;
          } else if (detail::is_json_string(name, "logEvents")) {
            events = value;
          }
        });
    scanner.skip_space();
    if (!is_object || !scanner.is_at_end()) {
      return Outcome::failed("extract_log_messages: the record is not one JSON object: at byte " +
                                 std::to_string(scanner.position()) +
                                 " it goes wrong (subscribe with nothing but CloudWatch Logs)",
                             std::string(parse_error_code));
    }
    const detail::JsonString kind = detail::json_string_of(type);
    if (detail::is_json_string(kind, "CONTROL_MESSAGE")) {
      return Outcome::dropped();
    }
    if (!detail::is_json_string(kind, "DATA_MESSAGE")) {
      return malformed("messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE");
    }
    return emit_messages(events, out);
  }

 private:
  static Outcome malformed(const std::string& what) {
    return Outcome::failed(
        "extract_log_messages: " + what + " (subscribe with nothing but CloudWatch Logs)",
        std::string(malformed_code));
  }

  /// `events` is valid JSON, or empty.
  static Outcome emit_messages(std::string_view events, Emitter& out) {
    detail::JsonScanner scanner(events);
    if (!scanner.take('[')) {
      return malformed("logEvents is no array");
    }
    if (scanner.take(']')) {
      return Outcome::dropped();
    }
    std::size_t index = 0;
    do {
      detail::JsonString message;
      const bool is_object = detail::for_each_json_member(
          scanner, events, [&](const detail::JsonString& name, std::string_view value) {
            if (detail::is_json_string(name, "message")) {
              message = detail::json_string_of(value);
            }
          });
      if (!is_object || message.raw.data() == nullptr) {
        return malformed("log event " + std::to_string(index) + " has no message that is a text");
      }
      detail::emit_json_string(message, out);
      ++index;
    } while (scanner.take(','));
    return Outcome::ok();
  }
};

/// Delivers the message of each log event of a CloudWatch Logs record as a record of its own,
/// without the envelope around it and without a new line behind it. A CONTROL_MESSAGE, with which
/// CloudWatch Logs tries whether it may send, is dropped. The records are JSON text: put
/// `gunzip` before it, or take `gunzip_cloudwatch_logs`, which is both.
inline ExtractLogMessages extract_log_messages() {
  return {};
}

static_assert(Transform<ExtractLogMessages>);

}  // namespace hydrant
