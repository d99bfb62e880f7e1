// SPDX-License-Identifier: MIT
//
// Where and how an S3Store keeps objects, and what can be wrong with that,
// found before the first request is sent.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/net/aws_credentials.hpp>
#include <hydrant/net/http.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hydrant {

/// Where the bucket's name stands in a URL.
enum class S3Addressing : std::uint8_t {
  /// virtual_host with AWS, if the name may be a host's; path with any other endpoint.
  automatic,
  /// https://endpoint/bucket/key
  path,
  /// https://bucket.endpoint/key
  virtual_host,
};

/// How an object is encrypted where it is kept.
enum class S3Encryption : std::uint8_t {
  /// As the bucket says. Firehose's NoEncryptionConfig.
  bucket_default,
  /// SSE-S3.
  aes256,
  /// SSE-KMS. Firehose's KMSEncryptionConfig.
  kms,
};

/// What the server checks what it took against, beyond what the signature covers.
enum class S3Checksum : std::uint8_t { none, md5, crc32c, sha256 };

/// Whether the signature covers the body, which costs a SHA-256 of it.
enum class S3PayloadSigning : std::uint8_t {
  /// Without TLS. With TLS nobody on the way can change the body.
  automatic,
  always,
  /// For servers on the same machine, or behind a tunnel.
  never,
};

/// A tag of an object, or a piece of its metadata.
struct S3Tag {
  std::string name;
  std::string value;
};

/// Where and how an S3Store keeps objects.
struct S3StoreOptions {
  /// The bucket's name. Range: S3's rules: 3 to 63 of a-z, 0-9, '-' and '.'.
  std::string bucket{};
  /// Where the bucket is. Default "us-east-1". If it is elsewhere the server says so, and the store
  /// learns it; every process then pays one more request.
  std::string region = "us-east-1";
  /// For example "https://minio.example:9000". Default: AWS's for the region.
  std::string endpoint{};
  S3Addressing addressing = S3Addressing::automatic;
  /// Who we are. Range: not null.
  std::shared_ptr<AwsCredentialsProvider> credentials{};
  /// For example "STANDARD_IA". Default: the server's, "STANDARD".
  std::string storage_class{};
  S3Encryption server_side_encryption = S3Encryption::bucket_default;
  /// The key's id or ARN. Default: the account's key for S3. Only with S3Encryption::kms.
  std::string kms_key_id{};
  /// Whether S3 derives its keys from one for the bucket, which asks KMS less often. Only with kms.
  bool bucket_key = false;
  /// A canned ACL such as "bucket-owner-full-control". Default: none.
  std::string acl{};
  /// Range: at most 10, names of 1 to 128 and values of up to 256 characters.
  std::vector<S3Tag> tags{};
  /// Sent as x-amz-meta-<name>. Range: at most 2 KiB in all, printable ASCII.
  std::vector<S3Tag> metadata{};
  /// Default crc32c. Servers that do not know it ignore it. With md5 (Content-MD5) all know it.
  S3Checksum checksum = S3Checksum::crc32c;
  S3PayloadSigning payload_signing = S3PayloadSigning::automatic;
  /// Whether an object that is already there stays: what makes delivery exactly once even where a
  /// bucket keeps every version. Default true. A server that does not know how is asked without.
  bool if_none_match = true;
  /// A longer object is sent in parts, while it is made. Default 16 MiB. Range [part_size, 5 GiB].
  ByteCount multipart_threshold{std::uint64_t{16} << 20};
  /// Default 8 MiB. Range [5 MiB, 5 GiB]; the last part may be smaller. 10,000 parts at most.
  ByteCount part_size{std::uint64_t{8} << 20};
  /// How many parts are sent, or filled, at once. Default 4. Range [1, 64]. One object needs at
  /// most the larger of multipart_threshold and part_size x parallel_parts of memory.
  std::size_t parallel_parts = 4;
  /// The account that must own the bucket, 12 digits. Default: any.
  std::string expected_bucket_owner{};
  /// For each request.
  HttpTimeouts timeouts{};
  /// What carries the requests. Default: a CurlTransport of its own.
  std::shared_ptr<HttpTransport> transport{};

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const;
};

namespace detail {

inline bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

constexpr std::string_view decimal_digits = "0123456789";
constexpr std::string_view bucket_characters = "abcdefghijklmnopqrstuvwxyz0123456789.-";

/// What is wrong with the bucket's name, by S3's rules; empty when nothing is.
inline std::string_view bucket_fault(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) {
    return "must have 3 to 63 characters";
  }
  if (!consists_of(name, bucket_characters)) {
    return "must consist of a-z, 0-9, '.' and '-'";
  }
  constexpr std::string_view marks = ".-";
  if (marks.find(name.front()) != std::string_view::npos ||
      marks.find(name.back()) != std::string_view::npos) {
    return "must start and end with a letter or a digit";
  }
  if (name.find("..") != std::string_view::npos) {
    return "must not have two dots in a row";
  }
  const auto dots = std::count(name.begin(), name.end(), '.');
  if (dots == 3 && consists_of(name, "0123456789.")) {
    return "must not look like an IP address";
  }
  if (name.starts_with("xn--") || name.ends_with("-s3alias") || name.ends_with("--ol-s3")) {
    return "must not start or end as names that S3 keeps for itself do";
  }
  return {};
}

/// What is wrong with the endpoint; empty when nothing is.
inline std::string_view endpoint_fault(std::string_view endpoint) {
  const std::size_t start = endpoint.find("://");
  const std::string_view scheme = endpoint.substr(0, start);
  if (start == std::string_view::npos || (scheme != "https" && scheme != "http")) {
    return "must start with https:// or http://";
  }
  const std::string_view host = endpoint.substr(start + 3);
  if (host.empty() || host.find_first_of("/?#@ \t\r\n") != std::string_view::npos) {
    return "must end after the host, or its port: no path, no user";
  }
  return {};
}

inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// Texts of the options that become headers: a line end in one would make a header of its rest.
inline void validate_s3_texts(const S3StoreOptions& options, OptionErrors& errors) {
  const auto check = [&errors](std::string_view field, std::string_view text) {
    errors.check(is_printable(text), "s3." + std::string(field), "must be printable ASCII",
                 "a text that is not");
  };
  check("storage_class", options.storage_class);
  check("kms_key_id", options.kms_key_id);
  check("acl", options.acl);
  std::size_t metadata_bytes = 0;
  for (const S3Tag& piece : options.metadata) {
    const bool is_name = !piece.name.empty() && is_printable(piece.name) &&
                         piece.name.find_first_of(" :()<>@,;\\\"/[]?={}") == std::string::npos;
    errors.check(is_name, "s3.metadata", "must have names that a header can have",
                 "\"" + piece.name + "\"");
    check("metadata", piece.value);
    metadata_bytes += piece.name.size() + piece.value.size();
  }
  errors.check(metadata_bytes <= 2048, "s3.metadata", "must have at most 2 KiB in all",
               std::to_string(metadata_bytes) + " bytes");
  errors.check(options.tags.size() <= 10, "s3.tags", "must be at most 10",
               std::to_string(options.tags.size()));
  for (const S3Tag& tag : options.tags) {
    errors.check(!tag.name.empty() && tag.name.size() <= 128 && tag.value.size() <= 256, "s3.tags",
                 "must have names of 1 to 128 and values of up to 256 characters",
                 "\"" + tag.name + "\"");
  }
}

}  // namespace detail

inline void S3StoreOptions::validate(OptionErrors& errors) const {
  constexpr ByteCount part_min{std::uint64_t{5} << 20};
  constexpr ByteCount part_max{std::uint64_t{5} << 30};
  const std::string_view bucket_rule = detail::bucket_fault(bucket);
  errors.check(bucket_rule.empty(), "s3.bucket", bucket_rule, "\"" + bucket + "\"");
  errors.check(!region.empty() && region.size() <= 63 &&
                   detail::consists_of(region, detail::bucket_characters),
               "s3.region", "must be a region's name, such as eu-central-1", "\"" + region + "\"");
  if (!endpoint.empty()) {
    const std::string_view endpoint_rule = detail::endpoint_fault(endpoint);
    errors.check(endpoint_rule.empty(), "s3.endpoint", endpoint_rule,
                 "a text of " + std::to_string(endpoint.size()) + " characters");
  }
  errors.check(addressing != S3Addressing::virtual_host || bucket.find('.') == std::string::npos ||
                   endpoint.starts_with("http://"),
               "s3.addressing",
               "must be path where the bucket's name has dots: no certificate fits",
               "virtual_host");
  errors.check(credentials != nullptr, "s3.credentials", "must be given", "null");
  const bool is_kms = server_side_encryption == S3Encryption::kms;
  errors.check(is_kms || kms_key_id.empty(), "s3.kms_key_id", "needs S3Encryption::kms",
               "\"" + kms_key_id + "\"");
  errors.check(is_kms || !bucket_key, "s3.bucket_key", "needs S3Encryption::kms", "true");
  detail::validate_s3_texts(*this, errors);
  errors.check(part_min <= part_size && part_size <= part_max, "s3.part_size",
               "must be within [5 MiB, 5 GiB]", to_text(part_size));
  errors.check(part_size <= multipart_threshold && multipart_threshold <= part_max,
               "s3.multipart_threshold", "must be within [part_size, 5 GiB]",
               to_text(multipart_threshold));
  errors.check(parallel_parts >= 1 && parallel_parts <= 64, "s3.parallel_parts",
               "must be within [1, 64]", std::to_string(parallel_parts));
  errors.check(expected_bucket_owner.empty() ||
                   (expected_bucket_owner.size() == 12 &&
                    detail::consists_of(expected_bucket_owner, detail::decimal_digits)),
               "s3.expected_bucket_owner", "must be an account's 12 digits",
               "\"" + expected_bucket_owner + "\"");
  for (const auto& [field, time] :
       {std::pair("connect", timeouts.connect), std::pair("first_byte", timeouts.first_byte),
        std::pair("stall", timeouts.stall)}) {
    errors.check(time.count() >= 1, "s3.timeouts." + std::string(field), "must be at least 1 ms",
                 to_text(std::chrono::nanoseconds(time)));
  }
}

}  // namespace hydrant
