// SPDX-License-Identifier: MIT
//
// Objects of a bucket, as an S3Store, or whoever else, has put them there.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/net/curl_transport.hpp>
#include <hydrant/net/url.hpp>
#include <hydrant/object/object_source.hpp>
#include <hydrant/object/s3_call.hpp>
#include <hydrant/object/s3_options.hpp>
#include <hydrant/object/s3_xml.hpp>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// Reads objects from a bucket. Of the options those count that say where it is and who asks;
/// objects that are moved get those that say how one is kept.
///
/// Needs s3:ListBucket and s3:GetObject; to move, s3:PutObject and s3:DeleteObject.
/// Threads: shared: safe.
class S3Source {
 public:
  static constexpr std::string_view name = "s3";

  explicit S3Source(S3StoreOptions options)
      : bucket_(std::make_unique<detail::S3Bucket>(with_transport(std::move(options)))) {}

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const { bucket_->options().validate(errors); }

  /// The keys that begin so, in the order of their bytes.
  /// Blocks: until the server has told them all.
  Result<std::vector<std::string>> list(std::string_view prefix, Attempt& attempt) {
    const std::string what = "list " + url_of(prefix);
    std::vector<std::string> keys;
    std::string next;
    do {
      detail::S3Request request;
      if (!next.empty()) {
        request.query.push_back({"continuation-token", next});
      }
      request.query.push_back({"encoding-type", "url"});
      request.query.push_back({"list-type", "2"});
      request.query.push_back({"prefix", std::string(prefix)});
      request.response_bytes_max = list_bytes_max;
      detail::S3Outcome page = detail::perform(what, *bucket_, std::move(request), attempt);
      if (!page.is_ok()) {
        return failure_of(page);
      }
      const std::string before = std::exchange(next, {});
      if (!take_page(page.response.body, keys, next) || (!next.empty() && next == before)) {
        return Failure{what + ": the answer is no list of objects"};
      }
    } while (!next.empty());
    return keys;
  }

  /// All of an object.
  /// Blocks: until it is here.
  Result<std::string> read(std::string_view key, std::size_t bytes_max, Attempt& attempt) {
    const std::string what = "read " + url_of(key);
    detail::S3Request look;
    look.method = "HEAD";
    look.key = key;
    detail::S3Outcome present = detail::perform(what, *bucket_, std::move(look), attempt);
    if (!present.is_ok()) {
      return failure_of(present);
    }
    const auto size = detail::number_of<std::uint64_t>(present.response.header("Content-Length"));
    if (size && *size > bytes_max) {
      return Failure{what + ": it has " + std::to_string(*size) + " bytes, more than " +
                         std::to_string(bytes_max),
                     EFBIG};
    }
    detail::S3Request request;
    request.key = key;
    request.response_bytes_max = bytes_max + 1;
    detail::S3Outcome read = detail::perform(what, *bucket_, std::move(request), attempt);
    if (!read.is_ok()) {
      return failure_of(read);
    }
    if (size && read.response.body.size() != *size) {
      return Failure{what + ": " + std::to_string(read.response.body.size()) + " bytes came, of " +
                     std::to_string(*size)};
    }
    return std::move(read.response.body);
  }

  /// Copies the object to the other key, replacing what is there, and removes it where it was.
  /// Range: objects of up to 5 GiB, which is what S3 copies in one request.
  /// Blocks: until the server has done both.
  Status move(std::string_view from, std::string_view to, Attempt& attempt) {
    const std::string what = "move " + url_of(from) + " to " + std::string(to);
    detail::S3Request copy;
    copy.method = "PUT";
    copy.key = to;
    copy.headers.push_back(
        {"x-amz-copy-source", "/" + bucket_->options().bucket + "/" + percent_encode(from, true)});
    detail::S3Outcome copied = detail::perform(what, *bucket_, std::move(copy), attempt);
    if (copied.is_status(404) && is_there(what, to, attempt)) {
      return success();  // that was done before
    }
    if (!copied.is_ok()) {
      return failure_of(copied);
    }
    detail::S3Request removal;
    removal.method = "DELETE";
    removal.key = from;
    detail::S3Outcome removed = detail::perform(what, *bucket_, std::move(removal), attempt);
    return removed.is_ok() ? success() : Status(failure_of(removed));
  }

 private:
  /// A thousand keys of 1,024 bytes, each of them escaped.
  static constexpr std::size_t list_bytes_max = std::size_t{8} << 20;

  static S3StoreOptions with_transport(S3StoreOptions options) {
    if (options.transport == nullptr) {
      options.transport = std::make_shared<CurlTransport>();
    }
    return options;
  }

  /// Returns: whether it is one.
  static bool take_page(std::string_view body, std::vector<std::string>& keys, std::string& next) {
    const auto page = detail::xml_child(body, "ListBucketResult");
    if (!page) {
      return false;
    }
    const bool is_escaped = detail::xml_child_text(*page, "EncodingType") == "url";
    detail::XmlElements elements(*page);
    while (const auto element = elements.next()) {
      if (element->name == "Contents") {
        const std::string key = detail::xml_child_text(element->content, "Key");
        keys.push_back(is_escaped ? decode_key(key) : key);
      }
    }
    if (detail::xml_child_text(*page, "IsTruncated") == "true") {
      next = detail::xml_child_text(*page, "NextContinuationToken");
      return !next.empty();
    }
    return true;
  }

  /// In listings a '+' is a space, as in forms.
  static std::string decode_key(std::string text) {
    for (char& c : text) {
      c = c == '+' ? ' ' : c;
    }
    return percent_decode(text);
  }

  bool is_there(const std::string& what, std::string_view key, Attempt& attempt) {
    detail::S3Request look;
    look.method = "HEAD";
    look.key = key;
    return detail::perform(what, *bucket_, std::move(look), attempt).is_ok();
  }

  std::string url_of(std::string_view key) const {
    return "s3://" + bucket_->options().bucket + "/" + std::string(key);
  }

  static Failure failure_of(const detail::S3Outcome& outcome) {
    return {outcome.result.reason(), outcome.is_status(404) ? ENOENT : 0};
  }

  std::unique_ptr<detail::S3Bucket> bucket_;
};

static_assert(ObjectSource<S3Source>);

}  // namespace hydrant
