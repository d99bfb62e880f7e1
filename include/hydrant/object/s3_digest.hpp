// SPDX-License-Identifier: MIT
//
// The digests that S3 knows a body by: SHA-256 for signatures, MD5 because a
// part's ETag is one, CRC-32C because it is checked at the speed of memory.
#pragma once

#if !__has_include(<openssl/evp.h>)
#error "hydrant/object/s3_store.hpp needs OpenSSL: link hydrant::s3"
#endif

#include <hydrant/net/sha256.hpp>
#include <hydrant/net/url.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace hydrant::detail {

/// A body, piece by piece.
using BodyPieces = std::span<const std::span<const std::byte>>;

struct Crc32cTables {
  constexpr Crc32cTables() {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t state = byte;
      for (int bit = 0; bit < 8; ++bit) {
        state = (state >> 1) ^ ((state & 1) != 0 ? 0x82f63b78U : 0U);
      }
      of[0][byte] = state;
    }
    for (std::size_t table = 1; table < of.size(); ++table) {
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t before = of[table - 1][byte];
        of[table][byte] = (before >> 8) ^ of[0][before & 0xff];
      }
    }
  }

  std::array<std::array<std::uint32_t, 256>, 8> of{};
};

inline std::uint32_t crc32c_by_tables(std::uint32_t state, std::span<const std::byte> bytes) {
  static constexpr Crc32cTables tables;
  const auto at = [&bytes](std::size_t index) { return static_cast<std::uint32_t>(bytes[index]); };
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const std::uint32_t low = state ^ (at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24);
    state = tables.of[7][low & 0xff] ^ tables.of[6][low >> 8 & 0xff] ^
            tables.of[5][low >> 16 & 0xff] ^ tables.of[4][low >> 24] ^ tables.of[3][at(4)] ^
            tables.of[2][at(5)] ^ tables.of[1][at(6)] ^ tables.of[0][at(7)];
  }
  for (const std::byte byte : bytes) {
    state = (state >> 8) ^ tables.of[0][(state ^ static_cast<std::uint32_t>(byte)) & 0xff];
  }
  return state;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_by_instruction(
    std::uint32_t state, std::span<const std::byte> bytes) {
  std::uint64_t wide = state;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  state = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes) {
    state = __builtin_ia32_crc32qi(state, static_cast<unsigned char>(byte));
  }
  return state;
}

inline std::uint32_t crc32c_step(std::uint32_t state, std::span<const std::byte> bytes) {
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  return has_instruction ? crc32c_by_instruction(state, bytes) : crc32c_by_tables(state, bytes);
}
#else
inline std::uint32_t crc32c_step(std::uint32_t state, std::span<const std::byte> bytes) {
  return crc32c_by_tables(state, bytes);
}
#endif

/// CRC-32C as S3 has it: four bytes, the highest first.
inline std::string crc32c_of(BodyPieces pieces) {
  std::uint32_t state = ~std::uint32_t{0};
  for (const std::span<const std::byte> piece : pieces) {
    state = crc32c_step(state, piece);
  }
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(~state >> shift);
  }
  return bytes;
}

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
