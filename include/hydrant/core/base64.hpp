// SPDX-License-Identifier: MIT
//
// Base64 as RFC 4648 section 4 has it: the standard alphabet, with padding.
// Records travel in it inside JSON (error output, HTTP requests), so encoding
// appends to text under construction; decoding is for whoever reads it back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

namespace detail {

inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline constexpr std::uint8_t base64_invalid = 0xff;

/// The value of each character, `base64_invalid` for those outside the alphabet.
inline constexpr std::array<std::uint8_t, 256> base64_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(base64_invalid);
  for (std::size_t value = 0; value < base64_alphabet.size(); ++value) {
    values[static_cast<unsigned char>(base64_alphabet[value])] = static_cast<std::uint8_t>(value);
  }
  return values;
}();

}  // namespace detail

/// How many characters `append_base64` writes for so many bytes.
constexpr std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

/// Appends the base64 text of `bytes`.
/// Threads: distinct objects: safe.
inline void append_base64(std::string& out, std::span<const std::byte> bytes) {
  const auto octet = [&](std::size_t index) {
    return std::to_integer<std::uint32_t>(bytes[index]);
  };
  std::size_t at = out.size();
  out.resize(at + base64_size(bytes.size()), '=');
  const auto put = [&](std::uint32_t sextet) {
    out[at++] = detail::base64_alphabet[sextet & 0x3f];
  };
  std::size_t index = 0;
  for (; index + 3 <= bytes.size(); index += 3) {
    const std::uint32_t group = octet(index) << 16 | octet(index + 1) << 8 | octet(index + 2);
    put(group >> 18);
    put(group >> 12);
    put(group >> 6);
    put(group);
  }
  if (bytes.size() - index == 1) {
    put(octet(index) >> 2);
    put(octet(index) << 4);
  } else if (bytes.size() - index == 2) {
    const std::uint32_t group = octet(index) << 8 | octet(index + 1);
    put(group >> 10);
    put(group >> 4);
    put(group << 2);
  }
}

/// Appends the base64 text of the bytes of `text`.
inline void append_base64(std::string& out, std::string_view text) {
  append_base64(out, std::as_bytes(std::span(text.data(), text.size())));
}

/// The bytes that `text` stands for.
/// Returns: nothing unless `text` is exactly what `append_base64` writes: padded,
/// without white space, with unused bits at 0.
inline std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  std::uint32_t bits = 0;
  for (char character : text.substr(0, text.size() - padding)) {
    const std::uint8_t value = detail::base64_values[static_cast<unsigned char>(character)];
    if (value == detail::base64_invalid) {
      return std::nullopt;
    }
    group = group << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xff);
    }
  }
  if ((group & ((1u << bits) - 1)) != 0) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace hydrant
