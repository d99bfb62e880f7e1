// SPDX-License-Identifier: MIT
//
// The name of an object: a prefix, which may hold expressions, and Firehose's
// fixed suffix. Parsed once, when the stream is built; evaluated from what a
// batch knows of itself, so the same batch has the same key on every attempt.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/json_text.hpp>
#include <hydrant/core/limits.hpp>
#include <hydrant/core/stream_use.hpp>
#include <hydrant/core/system_host.hpp>
#include <hydrant/core/system_zone_file.hpp>
#include <hydrant/object/key_prefix.hpp>
#include <hydrant/object/time_zone.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// How objects are named.
///
/// A prefix is text with expressions, at most 1024 characters as written and 512 bytes once
/// evaluated:
///
///     !{timestamp:yyyy/MM/dd}     the arrival of the object's oldest record, in the letters of
///                                 Java's DateTimeFormatter, for the United States
///     !{firehose:random-string}   11 letters and digits, others at each place, the same for the
///                                 same batch
///     !{firehose:error-output-type}   such as processing-failed; only in `error_output_prefix`
///     !{partitionKeyFromQuery:name}, !{partitionKeyFromLambda:name}   the partition key of that
///                                 name, whoever found it; only in `prefix`
///     !{hydrant:stream}, !{hydrant:version}, !{hydrant:batch-id}      what the suffix has, too
///     !{hydrant:host}, !{hydrant:pid}   where the Key was made
///
/// A key must be the same on every attempt, also after a crash, in another process: or an object
/// is stored twice, under two names. `pid` breaks that, which is why a stream with a journal
/// refuses it; `host` does where the journal moves to another host; and so does a change of these
/// options, or of the time zone's rules, for batches that were under way when it was made.
///
/// Values of partition keys are escaped: see `escape_key_value`. Those longer than 200 bytes end
/// with a digest of the whole; so do shorter ones where a prefix would exceed 512 bytes.
struct KeyOptions {
  /// Of the data's objects. Default empty. Without any expression, `yyyy/MM/dd/HH/` follows it.
  /// Source: Firehose API 2015-08-04, shape Prefix; guide, custom prefixes for S3 objects.
  std::string prefix{};

  /// Of the error output's objects. Default empty, which is allowed only when `prefix` has no
  /// expressions: `<prefix><error-output-type>/yyyy/MM/dd/HH/`. One without any expression is
  /// followed by the same.
  /// Source: Firehose API 2015-08-04, shape ErrorOutputPrefix.
  std::string error_output_prefix{};

  /// Of the times in prefix and suffix. Default empty, which is UTC. See `TimeZone` for the names.
  /// Source: Firehose API 2015-08-04, shape CustomTimeZone.
  std::string time_zone{};

  /// In place of the format's and the codec's extensions, for data. Default empty: theirs.
  /// Range: a '.' and 1 to 127 of [0-9a-z!-_.*'()].
  /// Source: Firehose API 2015-08-04, shape FileExtension.
  std::string file_extension{};
};

/// What a Key asks the system for, at construction. Tests hand in functions of their own.
struct KeySystem {
  ReadZoneFile read_zone_file = &read_system_zone_file;
  std::string (*host_name)() = &system_host_name;
  std::uint64_t (*process_id)() = &system_process_id;
};

/// Prefix, stream, version, time (of years with ten digits), id and extension, with the '-'
/// between.
static_assert(limits::prefix_evaluated_bytes_max + limits::stream_name_length_max + 1 + 10 + 1 +
                  27 + 36 + limits::file_extension_length_max <=
              limits::object_key_bytes_max);

/// `<prefix><stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<id><extension>`, at most 1024 bytes.
///
/// @code
/// hydrant::Key{"clicks/day=!{timestamp:yyyy-MM-dd}/"}
/// hydrant::Key{{.prefix = "clicks/!{partitionKeyFromQuery:customer}/",
///               .error_output_prefix = "errors/!{firehose:error-output-type}/",
///               .time_zone = "Asia/Tokyo"}}
/// @endcode
///
/// Objects of the error output carry no extension of the format, as in Firehose, but that of the
/// codec: a compressed object that does not say so is taken for a broken one.
///
/// Threads: immutable; shared: safe.
/// Source: Firehose guide, custom prefixes for S3 objects.
class Key {
 public:
  /// The default: `yyyy/MM/dd/HH/`.
  Key() : Key(KeyOptions()) {}

  /// The short form: errors lie beside the data, in `<error-output-type>/yyyy/MM/dd/HH/` of the
  /// folder that the prefix names before its first expression.
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>

  explicit Key(const Text& prefix) : Key(with_errors_beside(std::string_view(prefix))) {}

  /// Faults are reported by `validate`, when the stream is built.
  /// Blocks: on the disk, to read the zone file.
  explicit Key(KeyOptions options, const KeySystem& system = {}) : options_(std::move(options)) {
    constexpr const char* hour = "!{timestamp:yyyy/MM/dd/HH}/";
    std::string prefix = options_.prefix;
    std::string error = options_.error_output_prefix;
    if (!has_expressions(error)) {
      // Neither is there a folder of its own, nor can the data's be told without its expressions.
      error = error.empty() && !has_expressions(prefix) ? prefix : error;
      error += std::string("!{firehose:error-output-type}/") + hour;
    }
    if (!has_expressions(prefix)) {
      prefix += hour;
    }
    prefix_ = parsed(prefix, system);
    error_output_prefix_ = parsed(error, system);
    Result<TimeZone> zone = TimeZone::find(options_.time_zone, system.read_zone_file);
    if (zone) {
      zone_ = std::move(zone.value());
    } else {
      zone_fault_ = zone.failure().message;
    }
  }

  /// Adds one line to `errors` for each rule that the options break, whatever the stream does.
  void validate(OptionErrors& errors) const {
    validate_prefix(errors, "key.prefix", options_.prefix, prefix_);
    if (!options_.error_output_prefix.empty()) {
      validate_prefix(errors, "key.error_output_prefix", options_.error_output_prefix,
                      error_output_prefix_);
    }
    validate_rules(errors);
    errors.check(zone_fault_.empty(), "key.time_zone",
                 "must be a time zone that can be read, but it " + zone_fault_,
                 "\"" + options_.time_zone + "\"");
    errors.check(is_file_extension(options_.file_extension), "key.file_extension",
                 "must be a '.' and 1 to 127 of the characters 0-9 a-z ! - _ . * ' ( )",
                 "\"" + options_.file_extension + "\"");
  }

  /// Adds one line to `errors` for each rule that the options break in such a stream.
  void validate_use(const StreamUse& use, OptionErrors& errors) const {
    const detail::KeyExpression& prefix = prefix_.expression();
    const std::string value = "\"" + options_.prefix + "\"";
    if (use.is_partitioned) {
      errors.check(prefix.has_partition_keys(), "key.prefix",
                   "must contain !{partitionKeyFromQuery:...} or !{partitionKeyFromLambda:...} "
                   "when Dynamic Partitioning is enabled",
                   value);
      validate_partition_keys(use.partition_keys, errors);
    } else {
      errors.check(!prefix.has_partition_keys(), "key.prefix",
                   "breaks a rule: Dynamic Partitioning Namespaces can only be part of a prefix "
                   "expression when Dynamic Partitioning is enabled",
                   value);
    }
    for (const detail::KeyPrefix* one : {&prefix_, &error_output_prefix_}) {
      errors.check(
          !use.is_journalled || !one->expression().has(detail::KeyPart::Kind::pid),
          one == &prefix_ ? "key.prefix" : "key.error_output_prefix",
          "must not contain !{hydrant:pid} with a journal: a batch that another process "
          "takes up would be stored under a second name",
          "\"" + (one == &prefix_ ? options_.prefix : options_.error_output_prefix) + "\"");
    }
  }

  /// The key of a batch's object.
  std::string evaluate(const BatchInfo& batch, std::string_view format_extension,
                       std::string_view codec_extension) const {
    const detail::LocalTime time(batch.first_arrival, zone_);
    const bool is_error = !batch.error_output_type.empty();
    std::string key = (is_error ? error_output_prefix_ : prefix_).evaluate(batch, time);
    key += batch.stream;
    key += '-';
    key += std::to_string(batch.version);
    key += '-';
    suffix_time_.append_to(key, time);
    key += batch.request_id;
    if (is_error) {
      key += codec_extension;
    } else if (options_.file_extension.empty()) {
      key += format_extension;
      key += codec_extension;
    } else {
      key += options_.file_extension;
    }
    return key;
  }

 private:
  using Kind = detail::KeyPart::Kind;

  static bool has_expressions(std::string_view prefix) {
    return prefix.find("!{") != std::string_view::npos;
  }

  static KeyOptions with_errors_beside(std::string_view prefix) {
    KeyOptions options;
    options.prefix = prefix;
    if (has_expressions(prefix)) {
      const std::size_t slash = prefix.substr(0, prefix.find("!{")).rfind('/');
      options.error_output_prefix = prefix.substr(0, slash == prefix.npos ? 0 : slash + 1);
      options.error_output_prefix += "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/";
    }
    return options;
  }

  static detail::KeyPrefix parsed(std::string_view prefix, const KeySystem& system) {
    detail::KeyExpression expression(prefix);
    for (detail::KeyPart& part : expression.parts()) {
      if (part.kind == Kind::host) {
        part.text = system.host_name();
      } else if (part.kind == Kind::pid) {
        part.text = std::to_string(system.process_id());
      }
    }
    return detail::KeyPrefix(std::move(expression));
  }

  void validate_prefix(OptionErrors& errors, std::string_view field, std::string_view text,
                       const detail::KeyPrefix& prefix) const {
    errors.check(text.size() <= limits::prefix_length_max, field,
                 "must be at most 1024 characters long",
                 std::to_string(text.size()) + " characters");
    std::string shown;
    append_json_string(shown, text);
    errors.check(is_text(text), field, "must be UTF-8 without control characters", shown);
    for (const auto& fault : prefix.expression().faults()) {
      errors.check(false, field, fault.rule, "\"" + fault.expression + "\"");
    }
    if (prefix.expression().faults().empty()) {
      const std::size_t size = longest(prefix).size();
      errors.check(size <= limits::prefix_evaluated_bytes_max, field,
                   "must be at most 512 bytes long after it is evaluated",
                   std::to_string(size) + " bytes");
    }
  }

  /// Keys are UTF-8, and stores list them in XML.
  static bool is_text(std::string_view text) {
    while (!text.empty()) {
      const detail::Utf8Step step = detail::step_utf8(text);
      const auto first = static_cast<unsigned char>(text.front());
      if (!step.valid || first < 0x20 || first == 0x7f) {
        return false;
      }
      text.remove_prefix(step.size);
    }
    return true;
  }

  /// The prefix with the longest names of month and day, and partition keys as short as can be.
  std::string longest(const detail::KeyPrefix& prefix) const {
    const WallTime september(std::chrono::sys_days(std::chrono::year(2025) / 9 / 24) +
                             std::chrono::hours(12));
    BatchInfo batch;
    batch.error_output_type = "AmazonOpenSearchService-failed";
    batch.stream = "stream";
    batch.request_id = "00000000-0000-4000-8000-000000000000";
    std::vector<PartitionKey> keys;
    for (const detail::KeyPart& part : prefix.expression().parts()) {
      keys.push_back({part.text, "1"});
    }
    batch.partition_keys = keys;
    return prefix.evaluate(batch, detail::LocalTime(september, zone_), SIZE_MAX);
  }

  void validate_rules(OptionErrors& errors) const {
    const detail::KeyExpression& prefix = prefix_.expression();
    const detail::KeyExpression& error = error_output_prefix_.expression();
    const std::string prefix_value = "\"" + options_.prefix + "\"";
    const std::string error_value = "\"" + options_.error_output_prefix + "\"";
    errors.check(!has_expressions(options_.prefix) || !options_.error_output_prefix.empty(),
                 "key.error_output_prefix",
                 "breaks a rule: ErrorOutputPrefix can't be null when Prefix contains expressions "
                 "(set it, such as to errors/!{firehose:error-output-type}/)",
                 error_value);
    errors.check(!prefix.has(Kind::error_output_type), "key.prefix",
                 "must not contain !{firehose:error-output-type}, which belongs into "
                 "error_output_prefix",
                 prefix_value);
    errors.check(error.has(Kind::error_output_type), "key.error_output_prefix",
                 "must contain !{firehose:error-output-type} when it contains expressions",
                 error_value);
    errors.check(!error.has_partition_keys(), "key.error_output_prefix",
                 "must not contain !{partitionKeyFromQuery:...} or !{partitionKeyFromLambda:...}",
                 error_value);
  }

  void validate_partition_keys(std::span<const std::string_view> names,
                               OptionErrors& errors) const {
    for (const std::string_view name : names) {
      bool is_used = false;
      for (const detail::KeyPart& part : prefix_.expression().parts()) {
        is_used |= part.is_partition_key() && part.text == name;
      }
      errors.check(is_used, "key.prefix", "must use every partition key of the stream",
                   "without \"" + std::string(name) + "\"");
    }
    for (const detail::KeyPart& part : prefix_.expression().parts()) {
      bool is_known = names.empty() || part.kind != Kind::partition_key_from_query;
      for (const std::string_view name : names) {
        is_known |= part.text == name;
      }
      errors.check(is_known, "key.prefix",
                   "must name only partition keys that the stream's query makes",
                   "\"!{partitionKeyFromQuery:" + part.text + "}\"");
    }
  }

  static bool is_file_extension(std::string_view text) {
    constexpr std::string_view taken = "0123456789abcdefghijklmnopqrstuvwxyz!-_.*'()";
    return text.empty() ||
           (text.size() > 1 && text.size() <= limits::file_extension_length_max &&
            text.front() == '.' && text.find_first_not_of(taken) == std::string_view::npos);
  }

  KeyOptions options_;
  detail::KeyPrefix prefix_;
  detail::KeyPrefix error_output_prefix_;
  detail::TimePattern suffix_time_{"yyyy-MM-dd-HH-mm-ss-"};
  TimeZone zone_;
  std::string zone_fault_;
};

}  // namespace hydrant
