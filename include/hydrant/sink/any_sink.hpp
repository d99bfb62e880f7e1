// SPDX-License-Identifier: MIT
//
// A sink without its type: one virtual call a batch. The engine drives every
// sink through this, blocking and polled ones alike, and here is the seam at
// which a throwing sink is caught.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/core/stream_use.hpp>
#include <hydrant/sink/sink.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant {

/// A sink without its type.
/// Threads: as the sink it holds.
class AnySink {
 public:
  AnySink() = default;

  template <class S>

  requires(!std::same_as<std::remove_cvref_t<S>, AnySink>) explicit AnySink(S sink)
      : model_(std::make_unique<Model<S>>(std::move(sink))) {
    static_assert(detail::CheckSink<S>::ok);
  }

  explicit operator bool() const { return model_ != nullptr; }

  std::string_view name() const { return model_->name; }

  const SinkLimits& limits() const { return model_->limits; }

  /// True when it is driven by `begin` and `step`.
  bool is_polled() const { return model_->is_polled; }

  /// What the stream may append to records at `put`, so that the sink can write whole pages.
  std::string_view record_delimiter() const { return model_->record_delimiter(); }

  /// Adds the faults of the sink's options, and of those that do not suit the stream.
  void validate(const StreamUse& use, OptionErrors& errors) const { model_->validate(use, errors); }

  /// Starts an attempt; a sink that is not polled ends it here as well.
  std::optional<DeliveryResult> begin(const Batch& batch, Attempt& attempt) noexcept {
    return guarded([&] { return model_->begin(batch, attempt); });
  }

  /// Goes on with an attempt of a polled sink.
  std::optional<DeliveryResult> step(Attempt& attempt) noexcept {
    return guarded([&] { return model_->step(attempt); });
  }

  /// Ends an attempt of a polled sink whose result is of no interest any more.
  void cancel() noexcept {
    guarded([&]() -> std::optional<DeliveryResult> {
      model_->cancel();
      return std::nullopt;
    });
  }

 private:
  struct Concept {
    Concept(std::string_view sink_name, const SinkLimits& sink_limits, bool polled)
        : name(sink_name), limits(sink_limits), is_polled(polled) {}

    Concept(const Concept&) = delete;
    Concept& operator=(const Concept&) = delete;
    virtual ~Concept() = default;
    virtual std::string_view record_delimiter() const = 0;
    virtual void validate(const StreamUse& use, OptionErrors& errors) const = 0;
    virtual std::optional<DeliveryResult> begin(const Batch& batch, Attempt& attempt) = 0;
    virtual std::optional<DeliveryResult> step(Attempt& attempt) = 0;
    virtual void cancel() = 0;

    const std::string_view name;
    const SinkLimits limits;
    const bool is_polled;
  };

  template <class S>
  struct Model final : Concept {
    explicit Model(S adapted)
        : Concept(S::name, S::limits, PolledSink<S>), sink(std::move(adapted)) {}

    std::string_view record_delimiter() const override {
      if constexpr (requires { sink.record_delimiter(); }) {
        return sink.record_delimiter();
      } else {
        return {};
      }
    }

    void validate(const StreamUse& use, OptionErrors& errors) const override {
      if constexpr (requires { sink.validate(errors); }) {
        sink.validate(errors);
      }
      if constexpr (requires { sink.validate_use(use, errors); }) {
        sink.validate_use(use, errors);
      }
    }

    std::optional<DeliveryResult> begin(const Batch& batch, Attempt& attempt) override {
      if constexpr (PolledSink<S>) {
        sink.begin(batch, attempt);
        return sink.step(attempt);
      } else {
        return DeliveryResult(sink.deliver(batch, attempt));
      }
    }

    std::optional<DeliveryResult> step(Attempt& attempt) override {
      if constexpr (PolledSink<S>) {
        return sink.step(attempt);
      } else {
        return retry("the sink lost its attempt");
      }
    }

    void cancel() override {
      if constexpr (PolledSink<S>) {
        sink.cancel();
      }
    }

    S sink;
  };

  /// A sink that throws has not delivered, as far as anyone can tell.
  template <class Call>
  std::optional<DeliveryResult> guarded(Call call) noexcept {
    try {
      return call();
    } catch (const std::exception& error) {
      return threw(error.what());
    } catch (...) {
      return threw("an exception that is no std::exception");
    }
  }

  DeliveryResult threw(const char* what) const noexcept {
    return retry(std::string("sink threw: ") + what).with_code("Hydrant.SinkThrew");
  }

  std::unique_ptr<Concept> model_;
};

}  // namespace hydrant
