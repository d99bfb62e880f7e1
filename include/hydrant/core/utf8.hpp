// SPDX-License-Identifier: MIT
//
// One character of UTF-8, from its code point: what escapes of JSON and of XML
// stand for.
#pragma once

#include <cstdint>
#include <string>

namespace hydrant::detail {

/// Appends a character in UTF-8; nothing where there is no such code point. Halves of surrogate
/// pairs are for the caller to replace.
inline void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6);
    add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  } else if (code < 0x110000) {
    add(0xf0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3f));
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  }
}

}  // namespace hydrant::detail
