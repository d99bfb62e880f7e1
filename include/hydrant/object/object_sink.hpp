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

#include <memory>
#include <mutex>
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
        encoders_(std::make_unique<Encoders>()) {}

  std::string_view record_delimiter() const { return format_.record_delimiter(); }

  void validate(OptionErrors& errors) const {
    if constexpr (requires { store_.validate(errors); }) {
      store_.validate(errors);
    }
    if constexpr (requires { format_.validate(errors); }) {
      format_.validate(errors);
    }
    codec_.validate(errors);
    key_.validate(errors);
  }

  DeliveryResult deliver(const Batch& batch, Attempt& attempt) {
    const std::string key = key_.evaluate(batch.info(), format_.extension(), codec_.extension());
    auto encoder = encoders_->take(codec_);
    auto produce = [&](ObjectBody::Pieces pieces) {
      encoder->reset();
      auto compress = [&](std::span<const std::byte> piece) {
        return encoder->write(piece, pieces);
      };
      Status status = format_.write(batch, compress);
      return status ? encoder->finish(pieces) : status;
    };
    const Object object{key, format_.content_type(), codec_.content_encoding(),
                        ObjectBody(produce)};
    DeliveryResult result = store_.put_object(object, attempt);
    encoders_->give_back(std::move(encoder));
    return result;
  }

 private:
  using EncoderType = decltype(std::declval<const CodecType&>().encoder());

  /// Encoders keep their memory from object to object; there are as many as batches at once.
  class Encoders {
   public:
    std::unique_ptr<EncoderType> take(const CodecType& codec) {
      {
        std::lock_guard guard(lock_);
        if (!idle_.empty()) {
          std::unique_ptr<EncoderType> encoder = std::move(idle_.back());
          idle_.pop_back();
          return encoder;
        }
      }
      return std::make_unique<EncoderType>(codec.encoder());
    }

    void give_back(std::unique_ptr<EncoderType> encoder) {
      std::lock_guard guard(lock_);
      idle_.push_back(std::move(encoder));
    }

   private:
    std::mutex lock_;
    std::vector<std::unique_ptr<EncoderType>> idle_;
  };

  StoreType store_;
  FormatType format_;
  CodecType codec_;
  Key key_;
  std::unique_ptr<Encoders> encoders_;
};

template <class StoreType, class FormatType, class CodecType, class... Rest>
ObjectSink(StoreType, FormatType, CodecType, Rest...)
    -> ObjectSink<StoreType, FormatType, CodecType>;

}  // namespace hydrant
