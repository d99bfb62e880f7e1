// SPDX-License-Identifier: MIT
//
// The keys of a partition from a jq query, as Firehose's inline parsing has it:
// one object, made of each record by libjq. Where keys are merely fields,
// json_partition_keys.hpp is many times faster.
#pragma once

#if !__has_include(<jq.h>)
#error "hydrant/transform/jq_partition_keys.hpp needs libjq: link hydrant::jq"
#endif

#include <hydrant/core/config.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/partition.hpp>
#include <hydrant/transform/jq_functions.hpp>
#include <hydrant/transform/jq_query.hpp>
#include <hydrant/transform/json_scanner.hpp>
#include <hydrant/transform/transform.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" {
#include <jq.h>
}

namespace hydrant {

namespace detail {

/// A value of jq.
/// Threads: distinct objects: safe, also of one value; shared: unsafe.
class JqValue {
 public:
  /// Takes the value over.
  explicit JqValue(jv value) : value_(value) {}

  JqValue(const JqValue&) = delete;
  JqValue& operator=(const JqValue&) = delete;

  ~JqValue() { jv_free(value_); }

  jv_kind kind() const { return jv_get_kind(value_); }

  /// The value once more, for a function that takes it over.
  jv copy() const { return jv_copy(value_); }

  /// The value, which stays this object's own.
  jv raw() const { return value_; }

  /// The text of a string; it lives as long as the value.
  std::string_view text() const {
    return {jv_string_value(value_), static_cast<std::size_t>(jv_string_length_bytes(copy()))};
  }

 private:
  jv value_;
};

/// A compiled program of jq.
/// Threads: distinct objects: safe; shared: unsafe.
class JqProgram {
 public:
  /// `message` is given what jq has to say. Returns: nothing where it does not compile.
  static std::optional<JqProgram> compile(const std::string& program, std::string& message) {
    JqProgram made;
    made.state_.reset(jq_init());
    if (made.state_ == nullptr) {
      message = "there is no memory for jq";
      return std::nullopt;
    }
    jq_set_error_cb(made.state_.get(), &append_message, &message);
    const bool is_compiled = jq_compile(made.state_.get(), program.c_str()) != 0;
    jq_set_error_cb(made.state_.get(), &ignore_message, nullptr);
    return is_compiled ? std::optional<JqProgram>(std::move(made)) : std::nullopt;
  }

  /// The first result for an input, which is taken over; an invalid value where there is none.
  jv run(jv input) {
    jq_start(state_.get(), input, 0);
    return jq_next(state_.get());
  }

 private:
  struct Teardown {
    void operator()(jq_state* state) const { jq_teardown(&state); }
  };

  static void append_message(void* text, jv message) {
    const JqValue line(jq_format_error(message));
    if (line.kind() == JV_KIND_STRING) {
      static_cast<std::string*>(text)->append(line.text());
      static_cast<std::string*>(text)->append("\n");
    }
  }

  static void ignore_message(void*, jv message) { jv_free(message); }

  std::unique_ptr<jq_state, Teardown> state_;
};

/// What stands in front of every query, on one line, for the libjq that is there.
inline std::string jq_prelude() {
  std::string message;
  std::optional<JqProgram> listing = JqProgram::compile("builtins | join(\" \")", message);
  std::string prelude(jq_guards);
  if (!listing) {
    return prelude;
  }
  const JqValue names(listing->run(jv_null()));
  std::string_view rest = names.kind() == JV_KIND_STRING ? names.text() : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (!is_jq_function_allowed(rest.substr(0, end))) {
      append_jq_refusal(prelude, rest.substr(0, end));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return prelude;
}

}  // namespace detail

/// What `jq_partition_keys` makes. It can be moved, and not copied.
/// Threads: distinct objects: safe; shared: unsafe.
class JqPartitionKeys {
 public:
  /// Source: Firehose API 2015-08-04, shape ProcessorParameterValue.
  static constexpr std::size_t query_bytes_max = 5120;

  /// Errors: throws OptionsError.
  explicit JqPartitionKeys(const std::string& query) {
    OptionErrors errors;
    compile(query, errors);
    if (!errors.empty()) {
      throw OptionsError("jq_partition_keys", std::move(errors));
    }
  }

  Outcome operator()(const RecordView& record, PartitionKeys& keys) {
    detail::JsonScanner scanner(record.text());
    scanner.skip_space();
    const bool is_json = scanner.skip_value();
    scanner.skip_space();
    if (!is_json || !scanner.is_at_end()) {
      return refuse(is_json ? "partitionKeys cannot be extracted: the record is more than one JSON "
                              "value (deaggregate_json makes records of them)"
                            : "partitionKeys cannot be extracted: the record is not JSON");
    }
    jv input = jv_parse_sized(record.text().data(), static_cast<int>(record.size()));
    if (!jv_is_valid(input)) {
      jv_free(input);  // nested deeper than jq reads
      return refuse("partitionKeys cannot be extracted: jq does not read the record");
    }
    const detail::JqValue result(program_->run(input));
    if (result.kind() == JV_KIND_INVALID) {
      // What jq has to say may quote the record.
      return refuse(jv_invalid_has_msg(result.copy()) != 0
                        ? "partitionKeys cannot be extracted: the query fails on the record"
                        : "partitionKeys must not be null or empty: the query has no result");
    }
    if (result.kind() != JV_KIND_OBJECT) {
      return refuse("partitionKeys must be an object: the query's result is none");
    }
    return set(result, keys);
  }

  /// The names of the members of the object with which the query ends; none where they are not
  /// written down in it.
  std::vector<std::string> partition_keys() const { return names_; }

 private:
  void compile(const std::string& query, OptionErrors& errors) {
    const std::string size = std::to_string(query.size()) + " bytes";
    errors.check(!query.empty() && query.size() <= query_bytes_max, "jq_partition_keys.query",
                 "must be 1 to 5120 bytes long", size);
    errors.check(query.find('\0') == std::string::npos, "jq_partition_keys.query",
                 "must not have a NUL", size);
    if (!errors.empty()) {
      return;
    }
    const detail::JqWords words(query);
    std::string_view refused = detail::refused_jq_word(words.tokens());
    refused = refused.empty() ? detail::refused_jq_word(words.inner_tokens()) : refused;
    std::string message;
    if (refused.empty()) {
      const std::string prelude = detail::jq_prelude();
      program_ = detail::JqProgram::compile(prelude + query, message);
      if (program_) {
        names_ = detail::JqMemberNames::read(words.tokens());
        check_names(errors);
        return;
      }
      remove_from(message, prelude);
      refused = refused_function(message);
    }
    errors.check(refused.empty(), "jq_partition_keys.query",
                 "must use only what ends, and depends on the record alone", std::string(refused));
    errors.check(!refused.empty(), "jq_partition_keys.query", "must be a query of jq",
                 "refused: " + message);
  }

  void check_names(OptionErrors& errors) const {
    errors.check(names_.size() <= PartitionKeys::count_max, "jq_partition_keys.query",
                 "must make at most 50 keys", std::to_string(names_.size()));
    for (const std::string& name : names_) {
      errors.check(!name.empty() && name.size() <= PartitionKeys::name_bytes_max,
                   "jq_partition_keys.query", "must name keys of 1 to 128 bytes",
                   std::to_string(name.size()) + " bytes");
    }
  }

  /// jq quotes the program, and counts its own errors.
  static void remove_from(std::string& message, std::string_view prelude) {
    for (std::string_view part : {prelude, std::string_view("jq: error: ")}) {
      for (std::size_t at = message.find(part); at != std::string::npos; at = message.find(part)) {
        message.erase(at, part.size());
      }
    }
    if (const std::size_t count = message.find("\njq: "); count != std::string::npos) {
      message.resize(count);
    }
    std::replace(message.begin(), message.end(), '\n', ' ');
    while (!message.empty() && message.back() == ' ') {
      message.pop_back();
    }
  }

  /// The function of which jq complains only because it is refused.
  static std::string_view refused_function(std::string_view message) {
    const std::size_t mark = message.find(detail::jq_refusal_mark);
    if (mark == std::string_view::npos) {
      return {};
    }
    const std::string_view rest = message.substr(mark + detail::jq_refusal_mark.size());
    return rest.substr(0, rest.find(' '));
  }

  Outcome set(const detail::JqValue& object, PartitionKeys& keys) const {
    const int count = jv_object_length(object.copy());
    if (count == 0 || static_cast<std::size_t>(count) > PartitionKeys::count_max) {
      return refuse(count == 0
                        ? "partitionKeys must not be null or empty: the query's result is an "
                          "empty object"
                        : "a record has at most 50 partitionKeys");
    }
    for (int at = jv_object_iter(object.raw()); jv_object_iter_valid(object.raw(), at) != 0;
         at = jv_object_iter_next(object.raw(), at)) {
      const detail::JqValue name(jv_object_iter_key(object.raw(), at));
      const detail::JqValue value(jv_object_iter_value(object.raw(), at));
      if (std::string fault = set_one(name.text(), value, keys); !fault.empty()) {
        // A name that the query computes may be what the record holds.
        fault += names_.empty() ? std::string() : ": \"" + std::string(name.text()) + "\"";
        return refuse(std::move(fault));
      }
    }
    return keys.fault().empty() ? Outcome::ok() : refuse(std::string(keys.fault()));
  }

  static std::string set_one(std::string_view name, const detail::JqValue& value,
                             PartitionKeys& keys) {
    switch (value.kind()) {
      case JV_KIND_STRING:
        break;
      case JV_KIND_NUMBER: {
        const detail::JqValue text(jv_dump_string(value.copy(), 0));
        // What is not a number is null to jq.
        return text.text() == "null" ? set_text(name, {}, keys) : set_text(name, text.text(), keys);
      }
      case JV_KIND_TRUE:
        return set_text(name, "true", keys);
      case JV_KIND_FALSE:
        return set_text(name, "false", keys);
      case JV_KIND_NULL:
        return set_text(name, {}, keys);
      default:
        return "partitionKeys values must be strings, numbers or booleans";
    }
    return set_text(name, value.text(), keys);
  }

  static std::string set_text(std::string_view name, std::string_view text, PartitionKeys& keys) {
    if (text.empty()) {
      return "partitionKeys values must not be null or empty";
    }
    if (text.size() > PartitionKeys::value_bytes_max) {
      return "partitionKeys values must be at most 1024 bytes";
    }
    keys.set(name, text);
    return {};
  }

  static Outcome refuse(std::string reason) {
    return Outcome::failed(std::move(reason), std::string(PartitionKeys::extraction_failed));
  }

  std::optional<detail::JqProgram> program_;
  std::vector<std::string> names_;
};

/// Partitions by the object that a query of jq makes of each record, as Firehose's inline parsing
/// does: its members are the keys.
///
/// @code
/// hydrant::partition_by(
///     hydrant::jq_partition_keys("{customer: .customer.id, year: (.ts | strftime(\"%Y\"))}"))
/// @endcode
///
/// The query is compiled once, and run once a record; the first result counts. Strings, numbers and
/// booleans are values; numbers above 2^53 are rounded where libjq is older than 1.7. A record that
/// is not exactly one JSON value, on which the query fails, or whose object has a value that is
/// null, empty, an object, an array or longer than 1,024 bytes, goes to the error output with
/// DynamicPartitioning.MetadataExtractionFailed.
///
/// A query may use what depends on the record alone and comes to an end: no input, environment,
/// clock, modules, `def`, assignments, `range`, `recurse(f)`, and no `gsub`, `scan`, `splits` or
/// flag "g", which jq 1.6 does not survive on every text. How much it computes within that is its
/// own affair. As with the program jq, definitions in the user's ~/.jq are there. libjq 1.6 loses
/// some bytes of memory with each record on which certain functions fail, such as `todate` of a
/// list or `ltrimstr` of what is no string: mend such records with `tostring`, or use
/// json_partition_keys.
///
/// Errors: throws OptionsError, with jq's own words, when the query does not compile, or uses what
/// it may not.
/// Source: Firehose guide, dynamic partitioning, inline parsing; API 2015-08-04, processor
/// MetadataExtraction.
inline JqPartitionKeys jq_partition_keys(const std::string& query) {
  return JqPartitionKeys(query);
}

}  // namespace hydrant
