// SPDX-License-Identifier: MIT
//
// What may happen to a record between `put` and the sink. A transform is a
// callable that looks at one record, emits none, one or many in its place, and
// says how it went. A user writes one as a lambda:
//
//     auto upper = [](const hydrant::RecordView& record, hydrant::Emitter& out) {
//       if (record.size() == 0) return hydrant::Outcome::failed("record is empty");
//       out.emit(to_upper(record.text()));
//       return hydrant::Outcome::ok();
//     };
#pragma once

#include <hydrant/core/record.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hydrant {

/// How a transform got on with one record: Firehose's Ok, Dropped or
/// ProcessingFailed. `ok` and `dropped` allocate nothing.
/// Threads: distinct objects: safe; shared: unsafe.
/// Source: Firehose guide, data transformation: parameter `result`.
class [[nodiscard]] Outcome {
 public:
  enum class Kind : std::uint8_t { ok, dropped, failed };

  static constexpr std::string_view default_code = "Transform.ProcessingFailed";

  /// What was emitted is delivered. A record of which nothing was emitted is dropped.
  static Outcome ok() { return Outcome(Kind::ok); }

  /// Nothing more comes of this record: `ok` in the words of a transform that
  /// emits nothing. What was emitted before is delivered all the same.
  static Outcome dropped() { return Outcome(Kind::dropped); }

  /// The record goes to the error output as it was put, under a short stable
  /// `code` such as "Lambda.MissingRecordId"; what was emitted is discarded.
  static Outcome failed(std::string reason, std::string code = std::string(default_code)) {
    Outcome outcome(Kind::failed);
    outcome.failure_ = std::make_unique<Failure>(Failure{std::move(reason), std::move(code)});
    return outcome;
  }

  Kind kind() const { return kind_; }

  bool is_failed() const { return kind_ == Kind::failed; }

  /// Why it failed, for people; empty unless failed.
  std::string_view reason() const { return failure_ ? failure_->reason : std::string_view(); }

  /// The short name of the failure, for programs; empty unless failed.
  std::string_view code() const { return failure_ ? failure_->code : std::string_view(); }

 private:
  struct Failure {
    std::string reason;
    std::string code;
  };

  explicit Outcome(Kind kind) : kind_(kind) {}

  std::unique_ptr<Failure> failure_;
  Kind kind_;
};

constexpr std::string_view to_text(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::ok:
      return "ok";
    case Outcome::Kind::dropped:
      return "dropped";
    case Outcome::Kind::failed:
      return "failed";
  }
  return "unknown";
}

/// Where a transform puts the records that take the place of the one it was
/// given. It lives as long as the call. Emitting never fails for the caller:
/// when an output does not fit, whoever owns the emitter notes that and fails
/// the record.
/// Threads: unsafe: one call, one thread.
class Emitter {
 public:
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  /// One record of the output. The bytes are copied or used up before it returns.
  void emit(std::span<const std::byte> record) { do_emit(record); }

  void emit(std::string_view record) {
    do_emit(std::as_bytes(std::span(record.data(), record.size())));
  }

  /// Room for a record of up to `size` characters, to be formatted in place;
  /// `commit` makes a record of it, the next `reserve` or `emit` gives it up.
  /// Returns: exactly `size` characters, or none when there is no room.
  std::span<char> reserve(std::size_t size) { return do_reserve(size); }

  /// Emits the first `size` characters of the room that `reserve` gave.
  /// `size` is not above what was reserved.
  void commit(std::size_t size) { do_commit(size); }

  /// Sets one key of the partition to which the records belong that are emitted from here on, as
  /// long as the present record is transformed. Means nothing in a stream without `partition_by`.
  void set_partition_key(std::string_view name, std::string_view value) {
    do_set_partition_key(name, value);
  }

 protected:
  Emitter() = default;
  ~Emitter() = default;

 private:
  virtual void do_emit(std::span<const std::byte> record) = 0;
  virtual std::span<char> do_reserve(std::size_t size) = 0;
  virtual void do_commit(std::size_t size) = 0;

  virtual void do_set_partition_key(std::string_view name, std::string_view value) {
    static_cast<void>(name);
    static_cast<void>(value);
  }
};

namespace detail {

template <class T>
concept TransformCalled = requires(T& transform, const RecordView& record, Emitter& out) {
  transform(record, out);
};

template <class T>
concept TransformReturnsOutcome = requires(T& transform, const RecordView& record, Emitter& out) {
  { transform(record, out) } -> std::convertible_to<Outcome>;
};

}  // namespace detail

/// Turns one record into none, one or many: `Outcome operator()(const RecordView&, Emitter&)`.
///
/// It may throw: the exception is charged to that record alone. It is called
/// from one worker at a time, from several at once where the stream's
/// concurrency is above 1; then it must guard what it changes. For exactly-once
/// delivery it must be deterministic: after a crash it is run again.
///
/// `move_constructible`, not `movable`: a lambda that captures cannot be assigned.
template <class T>
concept Transform = std::move_constructible<T> && detail::TransformReturnsOutcome<T>;

namespace detail {

/// Says in English what a type lacks to be a Transform; instantiated by
/// DeliveryStream and by `transform`.
template <class T>
struct CheckTransform {
  static_assert(std::move_constructible<T>, "hydrant: a Transform must be movable.");
  static_assert(TransformCalled<T>,
                "hydrant: a Transform must be callable as `hydrant::Outcome "
                "operator()(const hydrant::RecordView&, hydrant::Emitter&)`.");
  static_assert(!TransformCalled<T> || TransformReturnsOutcome<T>,
                "hydrant: a Transform must return hydrant::Outcome.");
  static constexpr bool ok = Transform<T>;
};

/// A function over a record may take it whole, or only its text.
template <class F>
concept TakesRecord = std::invocable<F&, const RecordView&> || std::invocable<F&, std::string_view>;

/// Calls `function` with the record in whichever form it takes; whole where it takes both.
template <TakesRecord F>
decltype(auto) call_with_record(F& function, const RecordView& record) {
  if constexpr (std::invocable<F&, const RecordView&>) {
    return function(record);
  } else {
    return function(record.text());
  }
}

template <class F>
using RecordResult =
    decltype(call_with_record(std::declval<F&>(), std::declval<const RecordView&>()));

}  // namespace detail

/// What `transform` makes: a callable of the full signature, piped with `|`.
template <class F>
class FunctionTransform {
 public:
  explicit FunctionTransform(F function) : function_(std::move(function)) {}

  Outcome operator()(const RecordView& record, Emitter& out) { return function_(record, out); }

 private:
  [[no_unique_address]] F function_;
};

/// Gives a lambda of the full signature the `|` of this library.
///
/// @code
/// hydrant::transform([](const hydrant::RecordView& record, hydrant::Emitter& out) {
///   for (auto line : split(record.text())) out.emit(line);
///   return hydrant::Outcome::ok();
/// })
/// @endcode
template <class F>
auto transform(F function) {
  static_assert(detail::CheckTransform<F>::ok);
  return FunctionTransform<F>(std::move(function));
}

}  // namespace hydrant
