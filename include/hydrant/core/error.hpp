// SPDX-License-Identifier: MIT
//
// What a bad configuration turns into: one exception, thrown once, at
// construction, that lists every faulty field with its limit and its value.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// One faulty field of an options struct.
struct OptionFault {
  std::string field;
  std::string rule;
  std::string value;
};

/// The faults of one set of options, gathered while it is validated.
/// Threads: distinct objects: safe; shared: unsafe.
class OptionErrors {
 public:
  /// Notes a fault unless `holds`.
  void check(bool holds, std::string_view field, std::string_view rule, std::string value) {
    if (!holds) {
      faults_.push_back({std::string(field), std::string(rule), std::move(value)});
    }
  }

  /// Takes over the faults of a nested options struct, under `prefix`.
  void merge(std::string_view prefix, const OptionErrors& nested) {
    for (const OptionFault& fault : nested.faults_) {
      faults_.push_back({std::string(prefix) + fault.field, fault.rule, fault.value});
    }
  }

  bool empty() const { return faults_.empty(); }

  const std::vector<OptionFault>& faults() const { return faults_; }

 private:
  std::vector<OptionFault> faults_;
};

/// Thrown at construction, and only there, when options are out of range or
/// contradict each other. `what()` lists every fault, one a line.
class OptionsError : public std::invalid_argument {
 public:
  OptionsError(std::string_view owner, OptionErrors errors)
      : std::invalid_argument(describe(owner, errors)), errors_(std::move(errors)) {}

  const std::vector<OptionFault>& faults() const { return errors_.faults(); }

 private:
  static std::string describe(std::string_view owner, const OptionErrors& errors) {
    std::size_t width = 0;
    for (const OptionFault& fault : errors.faults()) {
      width = fault.field.size() > width ? fault.field.size() : width;
    }
    const std::size_t count = errors.faults().size();
    std::string text = "hydrant: " + std::to_string(count) + (count == 1 ? " fault" : " faults") +
                       " in the options of " + std::string(owner) + ":";
    for (const OptionFault& fault : errors.faults()) {
      text += "\n  " + fault.field + std::string(width - fault.field.size() + 3, ' ') + fault.rule +
              ", is " + fault.value;
    }
    return text;
  }

  OptionErrors errors_;
};

}  // namespace hydrant
