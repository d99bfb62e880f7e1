// SPDX-License-Identifier: MIT
//
// A format that is chosen when the program runs: lines, or Parquet, which may
// leave out single records.
#pragma once

#include <hydrant/object/format.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/parquet.hpp>

#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace examples {

/// One of several formats.
/// Threads: a plain value; copies are independent. `write`: shared: safe.
class AnyFormat {
 public:
  template <class FormatType>
  AnyFormat(FormatType format) : format_(std::move(format)) {}

  std::string_view extension() const {
    return std::visit([](const auto& one) { return one.extension(); }, format_);
  }

  std::string_view content_type() const {
    return std::visit([](const auto& one) { return one.content_type(); }, format_);
  }

  std::string_view record_delimiter() const {
    return std::visit([](const auto& one) { return one.record_delimiter(); }, format_);
  }

  void validate(hydrant::OptionErrors& errors) const {
    std::visit([&](const auto& one) { one.validate(errors); }, format_);
  }

  hydrant::Status write(const hydrant::Batch& batch, hydrant::PieceWriter auto&& out) const {
    return std::visit([&](const auto& one) { return one.write(batch, out); }, format_);
  }

  hydrant::Status write(const hydrant::Batch& batch, hydrant::PieceWriter auto&& out,
                        std::vector<hydrant::RecordFailure>& left_out) const {
    if (const auto* const parquet = std::get_if<hydrant::Parquet>(&format_)) {
      return parquet->write(batch, out, left_out);
    }
    return write(batch, out);
  }

 private:
  std::variant<hydrant::Lines, hydrant::Parquet> format_;
};

}  // namespace examples
