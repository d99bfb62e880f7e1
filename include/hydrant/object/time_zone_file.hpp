// SPDX-License-Identifier: MIT
//
// The system's description of a time zone: when local time changed, to what,
// and by which rule it goes on. Read with suspicion: a file that is cut, or
// made up, leads to a reason, never past its end.
// Source: RFC 9636 (TZif, versions 1 to 4).
#pragma once

#include <hydrant/core/result.hpp>
#include <hydrant/object/time_zone_rule.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// What a zone file says.
/// Threads: immutable; shared: safe.
class TimeZoneFile {
 public:
  /// Real ones have at most some thousand bytes.
  static constexpr std::size_t bytes_max = std::size_t{256} << 10;

  /// Errors: text that says what is wrong with the file.
  static Result<TimeZoneFile> parse(std::string_view bytes) {
    if (bytes.size() > bytes_max) {
      return Failure{"is longer than 262144 bytes"};
    }
    Reader reader{bytes};
    Header header = Header::read(reader);
    if (header.is_faulty) {
      return Failure{"is not a TZif file"};
    }
    std::size_t time_size = 4;
    if (header.version >= '2') {
      reader.skip(header.block_size(time_size));
      header = Header::read(reader);
      time_size = 8;
      if (header.is_faulty) {
        return Failure{"has no second header"};
      }
    }
    TimeZoneFile zone;
    const char* fault = header.block_size(time_size) > reader.rest.size()
                            ? "ends too early"
                            : zone.read_block(reader, header, time_size);
    if (fault == nullptr && time_size == 8) {
      fault = zone.read_rule(reader.rest);
    }
    if (fault != nullptr) {
      return Failure{fault};
    }
    return zone;
  }

  /// What holds at an instant, in seconds since 1970.
  const LocalTimeType& at(std::int64_t seconds) const {
    if (rule_ && (changes_.empty() || seconds >= changes_.back().at)) {
      return rule_->at(seconds);
    }
    // The last change that is not after the instant, by halves.
    std::size_t before = 0;
    std::size_t after = changes_.size();
    while (before < after) {
      const std::size_t middle = (before + after) / 2;
      (changes_[middle].at <= seconds ? before : after) =
          changes_[middle].at <= seconds ? middle + 1 : middle;
    }
    return types_[before == 0 ? 0 : changes_[before - 1].type];
  }

 private:
  struct Change {
    std::int64_t at;
    std::uint8_t type;
  };

  /// Takes big-endian numbers off the front; those that are not there are 0.
  struct Reader {
    std::string_view rest;

    void skip(std::size_t size) { rest.remove_prefix(size < rest.size() ? size : rest.size()); }

    std::uint8_t byte() {
      const auto value = static_cast<std::uint8_t>(rest.empty() ? 0 : rest.front());
      skip(1);
      return value;
    }

    std::uint32_t word() {
      std::uint32_t value = 0;
      for (int i = 0; i < 4; ++i) {
        value = value << 8 | byte();
      }
      return value;
    }

    std::int64_t time(std::size_t size) {
      const std::uint32_t first = word();
      if (size == 4) {
        return static_cast<std::int32_t>(first);
      }
      return static_cast<std::int64_t>(std::uint64_t{first} << 32 | word());
    }
  };

  struct Header {
    static constexpr std::size_t bytes = 44;

    char version = 0;
    std::uint32_t ut_count = 0;
    std::uint32_t standard_count = 0;
    std::uint32_t leap_count = 0;
    std::uint32_t change_count = 0;
    std::uint32_t type_count = 0;
    std::uint32_t name_bytes = 0;
    bool is_faulty = false;

    static Header read(Reader& reader) {
      Header header;
      header.is_faulty = reader.rest.size() < bytes || !reader.rest.starts_with("TZif");
      reader.skip(4);
      header.version = static_cast<char>(reader.byte());
      reader.skip(15);
      for (std::uint32_t* count : {&header.ut_count, &header.standard_count, &header.leap_count,
                                   &header.change_count, &header.type_count, &header.name_bytes}) {
        *count = reader.word();
        header.is_faulty |= *count > bytes_max;  // so that no sum of them can overflow
      }
      return header;
    }

    std::size_t block_size(std::size_t time_size) const {
      return std::size_t{change_count} * (time_size + 1) + std::size_t{type_count} * 6 +
             name_bytes + std::size_t{leap_count} * (time_size + 4) + standard_count + ut_count;
    }
  };

  /// Returns: what is wrong, or null.
  const char* read_block(Reader& reader, const Header& header, std::size_t time_size) {
    if (header.leap_count != 0) {
      return "counts leap seconds, as arrival times do not";
    }
    if (header.type_count == 0 || header.type_count > 256) {
      return "has no types of local time, or too many";
    }
    changes_.resize(header.change_count);
    for (Change& change : changes_) {
      change.at = reader.time(time_size);
      if (&change != changes_.data() && (&change)[-1].at >= change.at) {
        return "has changes that are not in order";
      }
    }
    for (Change& change : changes_) {
      change.type = reader.byte();
      if (change.type >= header.type_count) {
        return "has a change to a type that it does not describe";
      }
    }
    const std::string_view names =
        reader.rest.substr(std::size_t{header.type_count} * 6, header.name_bytes);
    for (std::uint32_t i = 0; i < header.type_count; ++i) {
      if (const char* fault = read_type(reader, names)) {
        return fault;
      }
    }
    reader.skip(names.size() + header.standard_count + header.ut_count);
    return nullptr;
  }

  const char* read_type(Reader& reader, std::string_view names) {
    constexpr std::int32_t day = 25 * 3600;
    LocalTimeType type;
    type.offset = static_cast<std::int32_t>(reader.word());
    reader.skip(1);  // whether it is daylight saving time: nothing prints that
    const std::size_t index = reader.byte();
    const std::string_view name = index < names.size() ? names.substr(index) : std::string_view();
    const std::size_t size = name.find('\0');  // enormous where it does not end
    if (type.offset <= -day || type.offset >= day + 3600) {
      return "has a local time that is more than a day off";
    }
    if (size > 15 || !is_name(name.substr(0, size))) {
      return "has a type without a proper name";
    }
    type.abbreviation = name.substr(0, size);
    types_.push_back(std::move(type));
    return nullptr;
  }

  static bool is_name(std::string_view name) {
    return name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-") ==
           std::string_view::npos;
  }

  const char* read_rule(std::string_view footer) {
    if (!footer.starts_with('\n') || footer.find('\n', 1) == std::string_view::npos) {
      return "has no footer";
    }
    const std::string_view text = footer.substr(1, footer.find('\n', 1) - 1);
    if (!text.empty()) {
      rule_ = TimeZoneRule::parse(text);
      return rule_ ? nullptr : "goes on by a rule that is none";
    }
    return nullptr;
  }

  std::vector<Change> changes_;
  std::vector<LocalTimeType> types_;
  std::optional<TimeZoneRule> rule_;
};

}  // namespace hydrant::detail
