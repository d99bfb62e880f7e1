// SPDX-License-Identifier: MIT
//
// SHA-256 and HMAC-SHA256, by OpenSSL, which uses the processor's own
// instructions for them: a payload that is signed is hashed in full.
#pragma once

#if !__has_include(<openssl/evp.h>)
#error "hydrant/net/sha256.hpp needs OpenSSL (libcrypto): link hydrant::aws"
#endif

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace hydrant {

/// The 32 bytes of a SHA-256 digest.
using Sha256Digest = std::array<std::byte, 32>;

/// Hashes bytes, piece by piece. Where the pieces are cut makes no difference.
/// An OpenSSL that has no SHA-256 (a broken installation) gives zeros: whatever is signed with
/// those is refused by the server, with nothing lost.
/// Threads: distinct objects: safe; shared: unsafe.
class Sha256 {
 public:
  Sha256() : context_(::EVP_MD_CTX_new()) {
    is_sound_ =
        context_ != nullptr && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1;
  }

  void add(std::span<const std::byte> bytes) {
    is_sound_ = is_sound_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }

  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }

  /// The digest of everything added. After it, nothing more can be.
  Sha256Digest finish() {
    Sha256Digest digest{};
    if (is_sound_) {
      ::EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                           nullptr);
    }
    is_sound_ = false;
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
  };

  std::unique_ptr<EVP_MD_CTX, Free> context_;
  bool is_sound_ = false;
};

/// HMAC with SHA-256 (RFC 2104). Zeros from an OpenSSL that has none.
inline Sha256Digest hmac_sha256(std::span<const std::byte> key, std::string_view text) {
  Sha256Digest digest{};
  ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

/// Bytes as lower-case hexadecimal digits.
inline std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 0xf];
  }
  return text;
}

/// The SHA-256 of the pieces one behind the other, as S3 wants it in `x-amz-content-sha256`.
inline std::string sha256_hex(std::span<const std::span<const std::byte>> pieces) {
  Sha256 hash;
  for (const std::span<const std::byte> piece : pieces) {
    hash.add(piece);
  }
  return to_hex(hash.finish());
}

/// The SHA-256 of a text.
inline std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return to_hex(hash.finish());
}

/// Overwrites a secret where it lies. No compiler leaves this out.
inline void wipe(std::span<std::byte> secret) {
  ::OPENSSL_cleanse(secret.data(), secret.size());
}

inline void wipe(std::string& secret) {
  ::OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace hydrant
