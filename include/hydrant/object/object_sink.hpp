// SPDX-License-Identifier: MIT
//
// Makes one object of each batch: format, codec, key, store. Any of the four
// can be exchanged for another without touching the rest.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/batch.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/sink_limits.hpp>
#include <hydrant/object/codec.hpp>
#include <hydrant/object/format.hpp>
#include <hydrant/object/key.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/store.hpp>

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

namespace detail {

/// Says in English what a part lacks.
template <class StoreType, class FormatType, class CodecType>
struct CheckObjectSink {
  static_assert(Store<StoreType>,
                "hydrant: a Store needs `static constexpr std::string_view name` and "
                "`DeliveryResult put_object(const hydrant::Object&, hydrant::Attempt&)`.");
  static_assert(Format<FormatType>,
                "hydrant: a Format needs extension, content_type, record_delimiter and "
                "`Status write(const hydrant::Batch&, out) const`.");
  static_assert(Codec<CodecType>,
                "hydrant: a Codec needs extension, content_encoding, validate and encoder, whose "
                "result has write, finish and reset.");
  static constexpr bool ok = Store<StoreType> && Format<FormatType> && Codec<CodecType>;
};

/// Encoders between two objects; they keep their memory. Without a lock: deliveries run while the
/// process forks, and a lock that one of them held would stay locked in the child for ever.
/// Threads: shared: safe.
template <class Encoder>
class IdleEncoders {
 public:
  IdleEncoders() = default;
  IdleEncoders(const IdleEncoders&) = delete;
  IdleEncoders& operator=(const IdleEncoders&) = delete;

  ~IdleEncoders() {
    while (take() != nullptr) {
    }
  }

  /// Returns: an encoder that is to be reset, or none.
  std::unique_ptr<Encoder> take() {
    for (std::atomic<Encoder*>& place : places_) {
      if (Encoder* encoder = place.exchange(nullptr, std::memory_order_acq_rel)) {
        return std::unique_ptr<Encoder>(encoder);
      }
    }
    return nullptr;
  }

  /// Keeps the encoder, or destroys it where there are enough.
  void give_back(std::unique_ptr<Encoder> encoder) {
    for (std::atomic<Encoder*>& place : places_) {
      Encoder* nothing = nullptr;
      if (place.compare_exchange_strong(nothing, encoder.get(), std::memory_order_acq_rel)) {
        static_cast<void>(encoder.release());
        return;
      }
    }
  }

 private:
  static constexpr std::size_t count_max = 8;

  std::array<std::atomic<Encoder*>, count_max> places_{};
};

}  // namespace detail

/// A sink that stores each batch as one object.
///
/// @code
/// hydrant::ObjectSink{hydrant::DirectoryStore{"lake"}, hydrant::Lines{}, hydrant::Zstd{.level =
/// 3}}
/// @endcode
///
/// Threads: shared: safe, as far as the store is.
template <class StoreType, class FormatType, class CodecType>
class ObjectSink {
 public:
  static_assert(detail::CheckObjectSink<StoreType, FormatType, CodecType>::ok);

  static constexpr std::string_view name = StoreType::name;
  /// Whether an object is taken has nothing to do with single records.
  static constexpr SinkLimits limits{.splits_rejected_batches = false};

  ObjectSink(StoreType store, FormatType format, CodecType codec, Key key = Key())
      : store_(std::move(store)),
        format_(std::move(format)),
        codec_(std::move(codec)),
        key_(std::move(key)),
        encoders_(std::make_unique<detail::IdleEncoders<Encoder>>()) {}

  /// What the stream may append to each record at `put`.
  std::string_view record_delimiter() const { return format_.record_delimiter(); }

  /// Adds the faults of all four parts, and of a prefix whose keys the store would refuse.
  void validate(OptionErrors& errors) const {
    if constexpr (requires { store_.validate(errors); }) {
      store_.validate(errors);
    }
    if constexpr (requires { format_.validate(errors); }) {
      format_.validate(errors);
    }
    codec_.validate(errors);
    OptionErrors key_errors;
    key_.validate(key_errors);
    if (key_errors.empty()) {
      validate_key_for_store(key_errors);
    }
    errors.merge("", key_errors);
  }

  /// Adds the faults of a key that does not suit what the stream does.
  void validate_use(const StreamUse& use, OptionErrors& errors) const {
    key_.validate_use(use, errors);
  }

  /// Makes one object of the batch: the same key and the same records on every attempt.
  /// Returns: what the store says; and the records that the format left out, once the others are
  /// stored. Where it left out all of them there is no object.
  DeliveryResult deliver(const Batch& batch, Attempt& attempt) {
    const std::string key = key_.evaluate(batch.info(), format_.extension(), codec_.extension());
    std::unique_ptr<Encoder> encoder = encoders_->take();
    if (encoder == nullptr) {
      encoder = std::make_unique<Encoder>(codec_.encoder());
    }
    std::vector<RecordFailure> left_out;
    auto produce = [&](ObjectBody::Pieces pieces) {
      encoder->reset();
      left_out.clear();
      auto compress = [&](std::span<const std::byte> piece) {
        return encoder->write(piece, pieces);
      };
      Status status = write(batch, compress, left_out);
      return status ? encoder->finish(pieces) : status;
    };
    const Object object{key, format_.content_type(), codec_.content_encoding(),
                        ObjectBody(produce)};
    DeliveryResult result = store_.put_object(object, attempt);
    encoders_->give_back(std::move(encoder));
    const bool is_settled = result.is_delivered() || left_out.size() == batch.count();
    return is_settled && !left_out.empty() ? partial(std::move(left_out)) : std::move(result);
  }

 private:
  Status write(const Batch& batch, PieceWriter auto& out, std::vector<RecordFailure>& left_out) {
    if constexpr (SelectiveFormat<FormatType>) {
      return format_.write(batch, out, left_out);
    } else {
      return format_.write(batch, out);
    }
  }

  /// A prefix that the store refuses would refuse every batch: better said once, at construction.
  void validate_key_for_store(OptionErrors& errors) const {
    if constexpr (requires {
                    { store_.accepts(std::string_view()) } -> std::convertible_to<bool>;
                  }) {
      BatchInfo any;
      any.stream = "stream";
      any.request_id = "00000000-0000-4000-8000-000000000000";
      for (const std::string_view field : {"key.prefix", "key.error_output_prefix"}) {
        const std::string key = key_.evaluate(any, format_.extension(), codec_.extension());
        // What is wrong with the first is mostly wrong with the second, too: said once.
        errors.check(!errors.empty() || store_.accepts(key), field,
                     "must make keys that the store takes", "\"" + key + "\"");
        any.error_output_type = "processing-failed";
      }
    }
  }

  using Encoder = decltype(std::declval<const CodecType&>().encoder());

  StoreType store_;
  FormatType format_;
  CodecType codec_;
  Key key_;
  std::unique_ptr<detail::IdleEncoders<Encoder>> encoders_;
};

template <class StoreType, class FormatType, class CodecType, class... Rest>
ObjectSink(StoreType, FormatType, CodecType, Rest...)
    -> ObjectSink<StoreType, FormatType, CodecType>;

}  // namespace hydrant
