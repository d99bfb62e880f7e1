// SPDX-License-Identifier: MIT
//
// Reading an object back without being told how it was written: by the
// extension of its name, or else by its first bytes. Which codecs are looked
// for, and so which libraries are needed, is what the caller lists.
#pragma once

#include <hydrant/object/codec.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hydrant {

namespace detail {

/// How well an object fits to a codec; more is better, 0 is not at all. The name counts for more
/// than the bytes, for bytes may look like anything; and of two codecs that share an extension
/// the one counts whose magic is there, the longer one first.
template <DecodingCodec C>
std::size_t fitness(std::string_view name, std::string_view bytes) {
  constexpr std::size_t named = 1000;
  std::size_t fitness = 0;
  for (const std::string_view extension : C::file_extensions) {
    fitness = name.ends_with(extension) ? named : fitness;
  }
  const std::string_view magic = C::magic;
  if (bytes.starts_with(magic)) {
    fitness += fitness == named ? magic.size() + 1 : magic.size();
  }
  return fitness;
}

}  // namespace detail

/// What an object holds, by the extension of `name` where one of the codecs has it, else by the
/// magic at its front; an object of none of the codecs is its own content. `name` may be empty.
/// Errors: what the codec's `decode` says; or an object of no codec that is above `limit` bytes.
///
/// @code
/// hydrant::decode_object<hydrant::Gzip, hydrant::Zstd>(key, bytes, 256 << 20)
/// @endcode
template <DecodingCodec First, DecodingCodec... Others>
Result<std::string> decode_object(std::string_view name, std::span<const std::byte> object,
                                  std::size_t limit) {
  const std::string_view bytes(reinterpret_cast<const char*>(object.data()), object.size());
  Result<std::string> (*decode)(std::span<const std::byte>, std::size_t) = &Uncompressed::decode;
  std::size_t best = 0;
  const auto consider = [&](std::size_t fitness, auto candidate) {
    if (fitness > best) {
      best = fitness;
      decode = candidate;
    }
  };
  consider(detail::fitness<First>(name, bytes), &First::decode);
  (consider(detail::fitness<Others>(name, bytes), &Others::decode), ...);
  return decode(object, limit);
}

}  // namespace hydrant
