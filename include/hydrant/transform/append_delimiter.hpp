// SPDX-License-Identifier: MIT
//
// Ends each record with a new line, so that what is glued together in an object
// or a request can be told apart. Firehose's processor AppendDelimiterToRecord.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/transform/transform.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// What `append_delimiter` makes.
/// Threads: shared: safe.
class AppendDelimiter {
 public:
  static constexpr std::size_t delimiter_size_max = 64;

  /// Errors: throws OptionsError where the delimiter is empty or longer than 64 bytes.
  explicit AppendDelimiter(std::string delimiter = "\n") : delimiter_(std::move(delimiter)) {
    OptionErrors errors;
    errors.check(!delimiter_.empty() && delimiter_.size() <= delimiter_size_max, "delimiter",
                 "must be 1 to 64 bytes long", std::to_string(delimiter_.size()) + " bytes");
    if (!errors.empty()) {
      throw OptionsError("append_delimiter", std::move(errors));
    }
  }

  Outcome operator()(const RecordView& record, Emitter& out) const {
    const std::string_view text = record.text();
    const std::size_t size = text.size() + delimiter_.size();
    const std::span<char> room = out.reserve(size);
    if (room.size() == size) {  // if not, the emitter's owner knows and fails the record
      text.copy(room.data(), text.size());
      delimiter_.copy(room.data() + text.size(), delimiter_.size());
      out.commit(size);
    }
    return Outcome::ok();
  }

 private:
  std::string delimiter_;
};

/// Delivers each record with `delimiter` behind it, one more where it ends with one already, as
/// Firehose does. Objects of `Lines` need it not: they end records themselves, and never twice.
///
/// @code
/// hydrant::deaggregate_json() | hydrant::append_delimiter()
/// @endcode
inline AppendDelimiter append_delimiter(std::string delimiter = "\n") {
  return AppendDelimiter(std::move(delimiter));
}

static_assert(Transform<AppendDelimiter>);

}  // namespace hydrant
