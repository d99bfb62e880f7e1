// SPDX-License-Identifier: MIT
//
// The digests that S3 knows a body by, beside CRC-32C: SHA-256, and MD5, because
// a part's ETag is one.
#pragma once

#if !__has_include(<openssl/evp.h>)
#error "hydrant/object/s3_store.hpp needs OpenSSL: link hydrant::s3"
#endif

#include <hydrant/net/sha256.hpp>
#include <hydrant/net/url.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace hydrant::detail {

/// A body, piece by piece.
using BodyPieces = std::span<const std::span<const std::byte>>;

/// Returns: the digest's bytes; none where this machine's OpenSSL does not have it.
inline std::string md5_of(BodyPieces pieces) {
  struct Free {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }

    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  // It guards no secret here, so rules about secrets do not forbid it.
  const std::unique_ptr<EVP_MD, Free> digest(EVP_MD_fetch(nullptr, "MD5", "-fips"));
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  if (digest == nullptr || context == nullptr ||
      EVP_DigestInit_ex(context.get(), digest.get(), nullptr) != 1) {
    return {};
  }
  for (const std::span<const std::byte> piece : pieces) {
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context.get(), bytes.data(), &size) != 1) {
    return {};
  }
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

inline std::string sha256_of(BodyPieces pieces) {
  Sha256 hash;
  for (const std::span<const std::byte> piece : pieces) {
    hash.add(piece);
  }
  const Sha256Digest digest = hash.finish();
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

inline std::string lower_hex(std::string_view bytes) {
  return to_hex(std::as_bytes(std::span(bytes)));
}

/// Returns: the bytes that hexadecimal digits stand for, or none.
inline std::string bytes_of_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) {
      return {};
    }
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

}  // namespace hydrant::detail
