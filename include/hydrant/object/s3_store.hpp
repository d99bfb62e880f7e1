// SPDX-License-Identifier: MIT
//
// Objects in a bucket of S3, or of a server that speaks S3. Small ones are one
// request; long ones go in parts while they are made. An object is there whole
// or not at all, and however often it is sent, it is there once.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/result.hpp>
#include <hydrant/net/curl_transport.hpp>
#include <hydrant/object/s3_body.hpp>
#include <hydrant/object/s3_call.hpp>
#include <hydrant/object/s3_object.hpp>
#include <hydrant/object/s3_options.hpp>
#include <hydrant/object/s3_unfinished.hpp>
#include <hydrant/object/s3_upload.hpp>
#include <hydrant/object/store.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// Keeps objects in a bucket.
///
/// @code
/// hydrant::S3Store{{.bucket = "my-lake", .region = "eu-central-1", .credentials = credentials}}
/// hydrant::S3Store{{.bucket = "lake", .endpoint = "https://minio.example:9000",
///                   .credentials = credentials}}
/// @endcode
///
/// Exactly once: a key names its batch, so what is under it already is this object, from an
/// attempt whose answer was lost; its length and ETag are compared, and it counts as delivered.
///
/// An upload in parts that fails is gone on with by the next attempt, of this process or, after a
/// restart, of another; when there is none for two hours it is taken back. A process that ends in
/// between leaves its parts: let the bucket's lifecycle rule for incomplete uploads end them.
///
/// Waits in `put_object`, for an object's bytes are made while they are sent: not for `pump`.
///
/// Threads: shared: safe.
class S3Store {
 public:
  static constexpr std::string_view name = "s3";

  /// Faults of the options are listed by `validate`, which the stream calls.
  explicit S3Store(S3StoreOptions options) : state_(std::make_unique<State>(std::move(options))) {}

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const { state_->bucket.options().validate(errors); }

  /// Whether the key can name an object: 1 to 1024 bytes, no NUL, and no part that is "." or "..",
  /// which servers on the way would resolve.
  bool accepts(std::string_view key) const {
    if (key.empty() || key.size() > 1024 || key.find('\0') != std::string_view::npos) {
      return false;
    }
    for (;;) {
      const std::size_t end = key.find('/');
      const std::string_view part = key.substr(0, end);
      if (part == "." || part == "..") {
        return false;
      }
      if (end == std::string_view::npos) {
        return true;
      }
      key.remove_prefix(end + 1);
    }
  }

  /// Puts the object under its key, if there is nothing yet.
  /// Returns: delivered when it is there; rejected when it can never be; otherwise retry, also for
  /// faults of the configuration, as Firehose does, for they can be mended meanwhile.
  /// Errors: S3.<the server's name for it>, InternalError; and S3. and InvalidKey, EncodeFailed,
  /// Cancelled, NoCredentials, NoAnswer, BadAnswer, BadDigest, TooManyParts, ObjectAlreadyExists.
  /// Blocks: until the server has it.
  DeliveryResult put_object(const Object& object, Attempt& attempt) {
    const std::string what =
        "put s3://" + state_->bucket.options().bucket + "/" + std::string(object.key);
    if (!accepts(object.key)) {
      return rejected(what + ": the key cannot name an object").with_code("S3.InvalidKey");
    }
    take_back_old(attempt);
    return Putting(*state_, what, object, attempt).run();
  }

 private:
  struct State {
    explicit State(S3StoreOptions options) : bucket(with_transport(std::move(options))) {}

    static S3StoreOptions with_transport(S3StoreOptions options) {
      if (options.transport == nullptr) {
        options.transport = std::make_shared<CurlTransport>();
      }
      return options;
    }

    detail::S3Bucket bucket;
    detail::S3Blocks blocks;
    detail::S3Unfinished unfinished;
  };

  /// One attempt at one object.
  class Putting {
   public:
    Putting(State& state, const std::string& what, const Object& object, Attempt& attempt)
        : state_(&state),
          what_(&what),
          object_(&object),
          attempt_(&attempt),
          splitter_(state.blocks, state.bucket.options().multipart_threshold.value,
                    state.bucket.options().part_size.value) {}

    DeliveryResult run() {
      const auto take = [this](std::span<const std::byte> piece) { return this->take(piece); };
      const Status made = object_->body.write_to(take);
      if (result_.is_delivered() && !made) {
        result_ = retry(*what_ + ": " + made.failure().message).with_code("S3.EncodeFailed");
      }
      if (result_.is_delivered()) {
        result_ = upload_ ? complete() : put_whole();
      }
      if (upload_ && !result_.is_delivered()) {
        upload_->give_up();
      }
      return std::move(result_);
    }

   private:
    /// How many bytes are made between two looks at what is on its way.
    static constexpr std::uint64_t look_bytes = std::uint64_t{128} << 10;

    Status take(std::span<const std::byte> piece) {
      if (!result_.is_delivered()) {
        return Failure{"stopped"};  // a format that does not pass on what it is told
      }
      if (attempt_->cancelled()) {
        result_ = retry(*what_ + ": stopped: the attempt's time is over").with_code("S3.Cancelled");
        return Failure{"stopped"};
      }
      Status taken =
          splitter_.add(piece, [this](detail::S3Part part) { return send(std::move(part)); });
      if (taken && upload_ && splitter_.size() - looked_at_ >= look_bytes) {
        looked_at_ = splitter_.size();
        taken = upload_->poll();
      }
      if (!taken) {
        result_ = upload_->failure();
      }
      return taken;
    }

    Status send(detail::S3Part part) {
      if (!upload_) {
        upload_.emplace(*what_, state_->bucket, state_->unfinished, *object_, *attempt_);
        if (!upload_->begin().is_delivered()) {
          return Failure{"stopped"};
        }
      }
      return upload_->send(std::move(part));
    }

    DeliveryResult complete() {
      for (detail::S3Part& part : splitter_.take_rest()) {
        if (!upload_->send(std::move(part))) {
          return upload_->failure();
        }
      }
      return upload_->complete(splitter_.size());
    }

    DeliveryResult put_whole() {
      const S3StoreOptions& options = state_->bucket.options();
      const std::vector<detail::S3Part> parts = splitter_.take_rest();
      detail::S3Request request;
      request.method = "PUT";
      request.key = object_->key;
      std::uint32_t crc = 0;
      for (const detail::S3Part& part : parts) {
        part.append_to(request.body);
        crc = detail::crc32c_joined(crc, part.crc(), part.size());
      }
      request.headers = detail::headers_of(*object_, options);
      detail::add_checksum(request.headers, options.checksum, request.body, crc);
      request.if_none_match = options.if_none_match;
      const std::vector<std::span<const std::byte>> body = request.body;
      detail::S3Outcome put =
          detail::perform(*what_, state_->bucket, std::move(request), *attempt_);
      if (put.is_status(412)) {
        return detail::compare_with_present(*what_, state_->bucket, object_->key, splitter_.size(),
                                            detail::lower_hex(detail::md5_of(body)), *attempt_);
      }
      if (put.is_ok() && options.checksum == S3Checksum::md5 &&
          detail::has_other_bytes(put.response, body)) {
        return retry(*what_ + ": the server answers with an ETag that is not that of what was sent")
            .with_code("S3.BadDigest");
      }
      return std::move(put.result);
    }

    State* state_;
    const std::string* what_;
    const Object* object_;
    Attempt* attempt_;
    detail::S3Splitter splitter_;
    std::optional<detail::S3Upload> upload_;
    std::uint64_t looked_at_ = 0;
    DeliveryResult result_ = delivered;
  };

  /// Uploads that no attempt has gone on with.
  void take_back_old(Attempt& attempt) {
    if (auto old = state_->unfinished.take_old(attempt.now())) {
      detail::S3Request request;
      request.method = "DELETE";
      request.key = old->key;
      request.query = {{"uploadId", old->upload_id}};
      const detail::S3Outcome gone =
          detail::perform("take an upload back", state_->bucket, std::move(request), attempt);
      if (!gone.is_ok() && !gone.is_error("NoSuchUpload")) {
        old->since = attempt.now();
        static_cast<void>(state_->unfinished.remember(std::move(*old)));
      }
    }
  }

  std::unique_ptr<State> state_;
};

static_assert(Store<S3Store>);

}  // namespace hydrant
