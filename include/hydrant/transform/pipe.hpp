// SPDX-License-Identifier: MIT
//
// `a | b`: every record that `a` emits goes through `b`. The stages meet on the
// stack and within one call: nothing is queued between them, and nothing is
// kept from record to record, so a pipe may be called from several workers at
// once as far as its stages may.
//
//     record --> a --emit--> b --emit--> the engine's emitter
//
// The earliest failure on the way is the record's: as soon as a stage has
// failed or thrown, what comes after it is skipped.
#pragma once

#include <hydrant/core/config.hpp>
#include <hydrant/transform/identity.hpp>
#include <hydrant/transform/transform.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hydrant {

namespace detail {

/// The emitter between two stages: whatever is emitted goes through `next` at once.
template <class Next>
class StageEmitter final : public Emitter {
 public:
  StageEmitter(Next& next, const RecordView& source, Emitter& out)
      : next_(next), source_(source), out_(out) {}

  /// True once `next` has failed or thrown.
  bool stopped() const { return failure_.is_failed() || exception_ != nullptr; }

  /// What stopped it: the failure of `next`, or its exception.
  Outcome take_failure() {
    if (exception_ != nullptr) {
      std::rethrow_exception(exception_);
    }
    return std::move(failure_);
  }

 private:
  // Formatted records up to this size need no allocation on their way to the next stage.
  static constexpr std::size_t inline_bytes = 4096;

  void do_emit(std::span<const std::byte> record) override {
    reserved_ = {};
    if (stopped()) {
      return;
    }
    // An exception must not travel through the stage before, which could swallow
    // it and with it the record: it is kept until that stage has returned.
    try {
      Outcome outcome = next_(RecordView(record, source_.arrival(), source_.id()), out_);
      if (outcome.is_failed()) {
        failure_ = std::move(outcome);
      }
    } catch (...) {
      exception_ = std::current_exception();
    }
  }

  std::span<char> do_reserve(std::size_t size) override {
    reserved_ = {};
    if (size <= inline_bytes) {
      reserved_ = std::span(inline_.data(), size);
    } else if (heap_.reset(new (std::nothrow) char[size]); heap_ != nullptr) {
      reserved_ = std::span(heap_.get(), size);
    } else if (!stopped()) {
      failure_ = Outcome::failed("pipe: no memory for a record of " + std::to_string(size) +
                                 " bytes between two stages");
    }
    return reserved_;
  }

  void do_commit(std::size_t size) override {
    HYDRANT_ASSERT(size <= reserved_.size());
    do_emit(std::as_bytes(reserved_.first(size)));
  }

  void do_set_partition_key(std::string_view name, std::string_view value) override {
    out_.set_partition_key(name, value);
  }

  Next& next_;
  const RecordView& source_;
  Emitter& out_;
  Outcome failure_ = Outcome::ok();
  std::exception_ptr exception_;
  std::span<char> reserved_;
  std::unique_ptr<char[]> heap_;
  std::array<char, inline_bytes> inline_;  // left uninitialised on purpose: written before read
};

}  // namespace detail

/// What `a | b` makes. When a stage fails on one of the records, the whole
/// source record fails with that outcome; when a stage drops one, only that one
/// vanishes. Records between the stages carry the arrival and id of the source.
/// Threads: as its stages.
template <class First, class Second>
class Pipe {
 public:
  Pipe(First first, Second second) : first_(std::move(first)), second_(std::move(second)) {}

  Outcome operator()(const RecordView& record, Emitter& out) {
    detail::StageEmitter<Second> stage(second_, record, out);
    Outcome outcome = Outcome::ok();
    try {
      outcome = first_(record, stage);
    } catch (...) {
      // Later than what stopped the second stage, if anything did: that one counts.
      if (!stage.stopped()) {
        throw;
      }
    }
    return stage.stopped() ? stage.take_failure() : std::move(outcome);
  }

 private:
  [[no_unique_address]] First first_;
  [[no_unique_address]] Second second_;
};

namespace detail {

template <class T>
concept PipedTransform = Transform<std::decay_t<T>> && std::constructible_from<std::decay_t<T>, T>;

}  // namespace detail

/// First `first`, then `second` on each record that it emits. `identity` on
/// either side vanishes at compile time. A pipe of pipes means the same however
/// it is bracketed.
///
/// @code
/// hydrant::filter(is_purchase) | hydrant::map(to_csv) | hydrant::tap(count)
/// @endcode
template <detail::PipedTransform First, detail::PipedTransform Second>
auto operator|(First&& first, Second&& second) {
  if constexpr (is_identity<First>) {
    return std::decay_t<Second>(std::forward<Second>(second));
  } else if constexpr (is_identity<Second>) {
    return std::decay_t<First>(std::forward<First>(first));
  } else {
    return Pipe<std::decay_t<First>, std::decay_t<Second>>(std::forward<First>(first),
                                                           std::forward<Second>(second));
  }
}

}  // namespace hydrant
