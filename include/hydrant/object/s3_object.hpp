// SPDX-License-Identifier: MIT
//
// What S3 is told about an object beside its bytes, and how to find out whether
// what is already under a key is this object: by its length, and by its ETag
// where that is made of the bytes.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/base64.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/net/http.hpp>
#include <hydrant/net/url.hpp>
#include <hydrant/object/s3_call.hpp>
#include <hydrant/object/s3_crc32c.hpp>
#include <hydrant/object/s3_digest.hpp>
#include <hydrant/object/s3_error.hpp>
#include <hydrant/object/s3_options.hpp>
#include <hydrant/object/store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// What an object is, and how it is kept: for a PutObject as for a CreateMultipartUpload.
inline std::vector<HttpHeader> headers_of(const Object& object, const S3StoreOptions& options) {
  std::vector<HttpHeader> headers;
  const auto add = [&headers](const char* name, std::string_view value) {
    if (!value.empty()) {
      headers.push_back({name, std::string(value)});
    }
  };
  add("Content-Type", object.content_type);
  add("Content-Encoding", object.content_encoding);
  add("x-amz-storage-class", options.storage_class);
  add("x-amz-acl", options.acl);
  if (options.server_side_encryption != S3Encryption::bucket_default) {
    const bool is_kms = options.server_side_encryption == S3Encryption::kms;
    add("x-amz-server-side-encryption", is_kms ? "aws:kms" : "AES256");
    add("x-amz-server-side-encryption-aws-kms-key-id", options.kms_key_id);
    add("x-amz-server-side-encryption-bucket-key-enabled", options.bucket_key ? "true" : "");
  }
  std::string tags;
  for (const S3Tag& tag : options.tags) {
    tags += tags.empty() ? "" : "&";
    tags += percent_encode(tag.name, false) + "=" + percent_encode(tag.value, false);
  }
  add("x-amz-tagging", tags);
  for (const S3Tag& piece : options.metadata) {
    headers.push_back({"x-amz-meta-" + piece.name, piece.value});
  }
  return headers;
}

/// What the server checks a body against. `crc` is its CRC-32C.
inline void add_checksum(std::vector<HttpHeader>& headers, S3Checksum checksum, BodyPieces body,
                         std::uint32_t crc) {
  const auto add = [&headers](const char* name, const std::string& bytes) {
    if (!bytes.empty()) {
      headers.push_back({name, {}});
      append_base64(headers.back().value, bytes);
    }
  };
  switch (checksum) {
    case S3Checksum::none:
      break;
    case S3Checksum::md5:
      add("Content-MD5", md5_of(body));
      break;
    case S3Checksum::crc32c:
      add("x-amz-checksum-crc32c", crc32c_bytes(crc));
      break;
    case S3Checksum::sha256:
      add("x-amz-checksum-sha256", sha256_of(body));
      break;
  }
}

/// An ETag without its quotes, in lower case.
inline std::string plain_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  std::string plain(etag);
  for (char& c : plain) {
    c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain;
}

/// Whether an ETag has the form of an MD5.
inline bool is_md5(std::string_view etag) {
  return etag.size() == 32 && consists_of(etag, "0123456789abcdef");
}

/// The bytes' digest by which a server names what it has, where it says one; else nothing. What is
/// encrypted with KMS is not named for its bytes.
inline std::string digest_in(const HttpResponse& answer) {
  const bool is_of_bytes = !answer.header("x-amz-server-side-encryption").starts_with("aws:kms");
  return is_of_bytes ? plain_etag(answer.header("ETag")) : std::string();
}

/// Of a body that was sent: whether the server has another one now.
inline bool has_other_bytes(const HttpResponse& answer, BodyPieces body) {
  const std::string digest = digest_in(answer);
  const std::string own = is_md5(digest) ? lower_hex(md5_of(body)) : std::string();
  return !own.empty() && own != digest;
}

/// Whether `etag` names bytes in the same way as `expected` does, and so must be the same.
inline bool is_comparable(std::string_view etag, std::string_view expected) {
  const auto parts = [](std::string_view text) {
    const std::size_t at = text.find('-');
    return is_md5(text.substr(0, at)) ? (at == text.npos ? "" : text.substr(at)) : "?";
  };
  return parts(etag) == parts(expected) && parts(etag) != "?";
}

/// Looks at what is under the key already. It carries the batch's identity, so it is from an
/// earlier attempt whose answer was lost, if nothing speaks against that.
/// Returns: delivered when it is this object.
inline DeliveryResult compare_with_present(const std::string& what, S3Bucket& bucket,
                                           std::string_view key, std::uint64_t size,
                                           std::string_view expected_etag, Attempt& attempt) {
  S3Request request;
  request.method = "HEAD";
  request.key = key;
  S3Outcome present =
      perform(what + ": look at what is there", bucket, std::move(request), attempt);
  if (present.is_status(403)) {
    return delivered;  // we may write, but not read: the key alone must do
  }
  if (!present.is_ok()) {
    return std::move(present.result);
  }
  const auto length = number_of<std::uint64_t>(present.response.header("Content-Length"));
  const std::string etag = digest_in(present.response);
  const bool is_same_size = !length || *length == size;
  if (is_same_size && (!is_comparable(etag, expected_etag) || etag == expected_etag)) {
    return delivered;
  }
  return rejected(what + ": another object, of " +
                  (length ? std::to_string(*length) : std::string("unknown")) + " bytes, not " +
                  std::to_string(size) + (is_same_size ? " other ones" : "") +
                  ", is under the key already (who else writes there? is the key not unique?)")
      .with_code("S3.ObjectAlreadyExists");
}

}  // namespace hydrant::detail
