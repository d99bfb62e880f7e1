// SPDX-License-Identifier: MIT
//
// An object that is sent in parts while it is made: several at once, each from
// its own memory, all driven by the thread that makes the bytes. An attempt
// that fails leaves its parts for the next one, in this life or another, which
// sends only what is missing or different.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/result.hpp>
#include <hydrant/object/s3_body.hpp>
#include <hydrant/object/s3_call.hpp>
#include <hydrant/object/s3_error.hpp>
#include <hydrant/object/s3_object.hpp>
#include <hydrant/object/s3_parts.hpp>
#include <hydrant/object/s3_unfinished.hpp>
#include <hydrant/object/s3_xml.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// One attempt at a multipart upload.
/// Threads: distinct objects: safe; shared: unsafe.
class S3Upload {
 public:
  S3Upload(std::string what, S3Bucket& bucket, S3Unfinished& unfinished, const Object& object,
           Attempt& attempt)
      : what_(std::move(what)),
        bucket_(&bucket),
        unfinished_(&unfinished),
        object_(&object),
        attempt_(&attempt) {}

  S3Upload(const S3Upload&) = delete;
  S3Upload& operator=(const S3Upload&) = delete;

  /// Where something has thrown the next attempt goes on.
  ~S3Upload() {
    try {
      keep(upload_id_);
    } catch (...) {  // NOLINT(bugprone-empty-catch): nothing may leave a destructor
    }
  }

  /// Goes on with an upload that an earlier attempt has left, or begins one.
  /// Blocks: for some requests.
  DeliveryResult begin() {
    if (const std::string own = unfinished_->take(object_->key); !own.empty()) {
      go_on_with_or_abort(own);
    } else {
      find_earlier();
    }
    if (failure_.is_delivered() && upload_id_.empty()) {
      create();
    }
    return failure_;
  }

  /// Sends a part, as far as that goes without waiting. Waits until there is memory for another.
  /// Errors: when this or an earlier one has failed: see `failure`.
  Status send(S3Part part) {
    constexpr std::size_t count_max = 10'000;
    if (++part_count_ > count_max) {
      fail(rejected(what_ + ": the object needs more than 10000 parts of " +
                    to_text(bucket_->options().part_size) + " (raise s3.part_size)")
               .with_code("S3.TooManyParts"));
      return stopped();
    }
    S3Request request;
    part.append_to(request.body);
    const S3Checksum checksum = bucket_->options().checksum;
    if (stored_.has(part_count_, part, request.body, checksum)) {
      return success();
    }
    request.method = "PUT";
    request.key = object_->key;
    request.query = {{"partNumber", std::to_string(part_count_)}, {"uploadId", upload_id_}};
    add_checksum(request.headers, checksum, request.body, part.crc());
    sending_.push_back(std::make_unique<Sending>(part_count_, std::move(part),
                                                 S3Call(*bucket_, std::move(request))));
    return drive(bucket_->options().parallel_parts - 1);
  }

  /// Moves on what is on its way, without waiting.
  Status poll() { return drive(sending_.size()); }

  /// Waits for all parts, and makes the object of them.
  DeliveryResult complete(std::uint64_t size) {
    if (Status sent = drive(0); !sent) {
      return failure_;
    }
    const std::string xml = stored_.completion(part_count_);
    S3Request request;
    request.method = "POST";
    request.key = object_->key;
    request.query = {{"uploadId", upload_id_}};
    request.body = {std::as_bytes(std::span(xml))};
    request.if_none_match = bucket_->options().if_none_match;
    request.first_byte = std::chrono::minutes(5);  // the server may need minutes
    S3Outcome done = ask("complete the upload", std::move(request));
    if (done.is_ok()) {
      return check_completed(done.response);
    }
    const bool is_taken = done.is_status(412);
    if (is_taken || done.is_error("NoSuchUpload")) {
      DeliveryResult present = compare_with_present(what_, *bucket_, object_->key, size,
                                                    stored_.etag_of_whole(part_count_), *attempt_);
      if (present.is_delivered() || is_taken) {
        abort(std::exchange(upload_id_, {}));
        return present;
      }
    }
    fail(std::move(done));
    return failure_;
  }

  /// After a failure: keeps what the next attempt can use, or takes the upload back.
  void give_up() {
    sending_.clear();
    const std::string upload_id = std::exchange(upload_id_, {});
    const bool is_refused = failure_.verdict() == DeliveryResult::Verdict::rejected;
    if (!upload_id.empty() && (is_refused || is_spoilt_ || !keep(upload_id))) {
      abort(upload_id);
    }
  }

  /// Why it cannot go on; delivered as long as it can.
  const DeliveryResult& failure() const { return failure_; }

 private:
  struct Sending {
    Sending(std::size_t part_number, S3Part sent_part, S3Call sent_call)
        : number(part_number), part(std::move(sent_part)), call(std::move(sent_call)) {}

    std::size_t number;
    S3Part part;
    S3Call call;
  };

  static Status stopped() { return Failure{"the upload has failed"}; }

  S3Outcome ask(std::string_view purpose, S3Request request) {
    return perform(what_ + ": " + std::string(purpose), *bucket_, std::move(request), *attempt_);
  }

  void fail(DeliveryResult why) {
    if (failure_.is_delivered()) {
      failure_ = std::move(why);
    }
  }

  void fail(S3Outcome outcome) {
    // What the server holds against a request it will hold against the next one, too: begin anew.
    const int status = outcome.error ? outcome.error->status : 0;
    const bool may_pass =
        status == 403 || status == 408 || status == 429 || outcome.is_error("RequestTimeout");
    is_spoilt_ = is_spoilt_ || (status / 100 == 4 && !may_pass);
    fail(std::move(outcome.result));
  }

  /// Returns: whether it is remembered.
  bool keep(const std::string& upload_id) {
    return !upload_id.empty() &&
           unfinished_->remember({std::string(object_->key), upload_id, attempt_->now()});
  }

  // ---- beginning ----

  void create() {
    S3Request request;
    request.method = "POST";
    request.key = object_->key;
    request.query = {{"uploads", ""}};
    request.headers = headers_of(*object_, bucket_->options());
    if (bucket_->options().checksum == S3Checksum::crc32c) {
      request.headers.push_back({"x-amz-checksum-algorithm", "CRC32C"});
    } else if (bucket_->options().checksum == S3Checksum::sha256) {
      request.headers.push_back({"x-amz-checksum-algorithm", "SHA256"});
    }
    S3Outcome made = ask("begin an upload in parts", std::move(request));
    if (!made.is_ok()) {
      fail(std::move(made));
      return;
    }
    const std::string_view xml =
        xml_child(made.response.body, "InitiateMultipartUploadResult").value_or(std::string_view());
    upload_id_ = xml_child_text(xml, "UploadId");
    if (upload_id_.empty()) {
      fail(retry(what_ + ": begin an upload in parts: the answer names no upload (is this S3?)")
               .with_code("S3.BadAnswer"));
    }
  }

  /// Whether an upload that another life has begun would keep the object as this one does. The
  /// server does not tell how an upload was begun.
  bool may_go_on_with_any() const {
    const S3StoreOptions& options = bucket_->options();
    return options.server_side_encryption == S3Encryption::bucket_default && options.acl.empty() &&
           options.tags.empty() && options.metadata.empty();
  }

  /// Looks for what an earlier life has left. One is gone on with, the others are taken back.
  void find_earlier() {
    S3Request request;
    request.query = {
        {"max-uploads", "100"}, {"prefix", std::string(object_->key)}, {"uploads", ""}};
    S3Outcome list = ask("look for earlier uploads", std::move(request));
    if (!list.is_ok()) {
      // Who may not look must do without, as with a server that cannot tell.
      if (!list.is_status(403) && !list.is_status(405) && !list.is_status(501)) {
        fail(std::move(list));
      }
      return;
    }
    XmlElements uploads(
        xml_child(list.response.body, "ListMultipartUploadsResult").value_or(std::string_view()));
    while (const std::optional<XmlElement> upload = uploads.next()) {
      if (upload->name != "Upload" || xml_child_text(upload->content, "Key") != object_->key) {
        continue;
      }
      const std::string id = xml_child_text(upload->content, "UploadId");
      const std::string kept = xml_child_text(upload->content, "StorageClass");
      const std::string& wanted = bucket_->options().storage_class;
      const bool is_alike = kept.empty() || kept == (wanted.empty() ? "STANDARD" : wanted);
      if (upload_id_.empty() && may_go_on_with_any() && is_alike) {
        go_on_with_or_abort(id);
      } else {
        abort(id);
      }
      if (!failure_.is_delivered()) {
        return;
      }
    }
  }

  /// What cannot be seen cannot be gone on with, and must not stay.
  void go_on_with_or_abort(const std::string& upload_id) {
    if (!go_on_with(upload_id) && failure_.is_delivered()) {
      abort(upload_id);
    }
  }

  /// Returns: whether the upload is there, and what it has is known.
  bool go_on_with(const std::string& upload_id) {
    std::string marker;
    do {
      S3Request request;
      request.key = object_->key;
      if (!marker.empty()) {
        request.query.push_back({"part-number-marker", marker});
      }
      request.query.push_back({"uploadId", upload_id});
      S3Outcome list = ask("look at an earlier upload", std::move(request));
      if (!list.is_ok()) {
        stored_.clear();
        if (!list.error || list.error->status / 100 == 5) {
          static_cast<void>(keep(upload_id));
          fail(std::move(list));
        }
        return false;
      }
      const std::string next = stored_.take_list(list.response.body);
      marker = next == marker ? std::string() : next;
    } while (!marker.empty());
    upload_id_ = upload_id;
    return true;
  }

  // ---- sending ----

  /// Moves everything on until at most `under_way_max` parts are on their way.
  Status drive(std::size_t under_way_max) {
    constexpr std::chrono::milliseconds turn{100};
    std::vector<HttpExchange*> exchanges;
    for (;;) {
      exchanges.clear();
      for (auto& sending : sending_) {
        if (std::optional<Result<HttpResponse>> result = sending->call.step(*attempt_)) {
          end(*sending, std::move(*result));
          sending.reset();
        } else {
          exchanges.push_back(sending->call.exchange());
        }
      }
      std::erase(sending_, nullptr);
      if (!failure_.is_delivered()) {
        return stopped();
      }
      if (sending_.size() <= under_way_max) {
        return success();
      }
      if (attempt_->cancelled()) {
        fail(retry(what_ + ": stopped: the attempt's time is over").with_code("S3.Cancelled"));
        return stopped();
      }
      bucket_->transport().wait(exchanges, turn);
    }
  }

  void end(Sending& sending, Result<HttpResponse> result) {
    const std::string what = what_ + ": part " + std::to_string(sending.number);
    S3Outcome outcome = judge(what, sending.call, std::move(result));
    if (!outcome.is_ok()) {
      fail(std::move(outcome));
      return;
    }
    std::vector<std::span<const std::byte>> body;
    sending.part.append_to(body);
    const bool is_checked = bucket_->options().checksum == S3Checksum::md5;
    if (!stored_.take_answer(sending.number, sending.part.size(), outcome.response) ||
        (is_checked && has_other_bytes(outcome.response, body))) {
      fail(retry(what + ": the server answers with an ETag that is not that of what was sent")
               .with_code("S3.BadDigest"));
    }
  }

  // ---- ending ----

  DeliveryResult check_completed(const HttpResponse& answer) {
    if (xml_child(answer.body, "CompleteMultipartUploadResult")) {
      upload_id_.clear();
    } else {
      fail(retry(what_ + ": complete the upload: the answer does not say that it is done")
               .with_code("S3.BadAnswer"));
    }
    return failure_;
  }

  void abort(const std::string& upload_id) {
    if (attempt_->cancelled()) {
      static_cast<void>(keep(upload_id));
      return;
    }
    S3Request request;
    request.method = "DELETE";
    request.key = object_->key;
    request.query = {{"uploadId", upload_id}};
    const S3Outcome gone = ask("take an upload back", std::move(request));
    if (!gone.is_ok() && !gone.is_error("NoSuchUpload")) {
      static_cast<void>(keep(upload_id));  // for later; there is nothing more to be done now
    }
  }

  std::string what_;
  S3Bucket* bucket_;
  S3Unfinished* unfinished_;
  const Object* object_;
  Attempt* attempt_;
  std::string upload_id_;
  std::size_t part_count_ = 0;
  S3StoredParts stored_;
  std::vector<std::unique_ptr<Sending>> sending_;
  DeliveryResult failure_ = delivered;
  bool is_spoilt_ = false;
};

}  // namespace hydrant::detail
