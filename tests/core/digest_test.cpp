// SPDX-License-Identifier: MIT
#include <hydrant/core/digest.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "test.hpp"

namespace {

using hydrant::detail::Digest;
using hydrant::detail::LongDigest;

std::uint64_t digest_of(std::string_view text, std::uint64_t seed = 0) {
  Digest digest(seed);
  digest.add(std::as_bytes(std::span(text)));
  return digest.value();
}

}  // namespace

TEST_CASE("a digest changes with every bit, also of its lower half alone", "[core][digest]") {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    std::set<std::uint64_t> seen{digest_of(text)};
    std::set<std::uint32_t> seen_halves{static_cast<std::uint32_t>(digest_of(text))};
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      seen.insert(digest_of(changed));
      seen_halves.insert(static_cast<std::uint32_t>(digest_of(changed)));
    }
    CAPTURE(size);
    REQUIRE(seen.size() == size * 8 + 1);
    REQUIRE(seen_halves.size() == size * 8 + 1);
  }
}

TEST_CASE("a digest tells texts of zeros apart by their length", "[core][digest]") {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 100; ++size) {
    seen.insert(digest_of(std::string(size, '\0')));
  }
  REQUIRE(seen.size() == 100);
}

TEST_CASE("a digest tells apart where pieces are cut", "[core][digest]") {
  std::set<std::uint64_t> seen;
  const std::string text = "one two three four five";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Digest digest;
    digest.add(std::as_bytes(std::span(text).first(cut)));
    digest.add(std::as_bytes(std::span(text).subspan(cut)));
    seen.insert(digest.value());
  }
  REQUIRE(seen.size() == text.size() + 1);
}

TEST_CASE("a digest of a long text changes with every bit", "[core][digest]") {
  for (const std::size_t size : {std::size_t{255}, std::size_t{256}, std::size_t{257},
                                 std::size_t{319}, std::size_t{320}, std::size_t{1000}}) {
    const std::string text(size, 'a');
    std::set<std::uint64_t> seen{digest_of(text)};
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      seen.insert(digest_of(changed));
    }
    CAPTURE(size);
    REQUIRE(seen.size() == size * 8 + 1);
  }
}

TEST_CASE("a long digest is the same wherever the pieces are cut, and tells lengths apart",
          "[core][digest]") {
  std::mt19937 dice(1);
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 300; ++size) {
    std::string text(size, '\0');
    LongDigest whole;
    whole.add(std::as_bytes(std::span(text)));
    seen.insert(whole.value());
    for (char& byte : text) {
      byte = static_cast<char>(dice());
    }
    LongDigest at_once;
    at_once.add(std::as_bytes(std::span(text)));
    for (int time = 0; time < 10; ++time) {
      LongDigest cut;
      for (std::size_t at = 0; at < size;) {
        const std::size_t piece = std::min<std::size_t>(size - at, dice() % 100);
        cut.add(std::as_bytes(std::span(text).subspan(at, piece)));
        at += piece;
      }
      REQUIRE(cut.value() == at_once.value());
    }
  }
  REQUIRE(seen.size() == 300);
}

TEST_CASE("a digest depends on its seed and on the order of words", "[core][digest]") {
  REQUIRE(digest_of("text", 1) != digest_of("text", 2));

  Digest forward;
  forward.add(std::uint64_t{1});
  forward.add(std::uint64_t{2});
  Digest backward;
  backward.add(std::uint64_t{2});
  backward.add(std::uint64_t{1});

  REQUIRE(forward.value() != backward.value());
}

TEST_CASE("a digest stays the same over releases, because files carry it", "[core][digest]") {
  REQUIRE(Digest::of_text("hydrant") == digest_of("hydrant"));
  REQUIRE(Digest::of_text("hydrant") == 0xf3cd7e06183321f5);
  REQUIRE(Digest().value() == 0x75a6bd0a0f9ca20c);
  REQUIRE(digest_of(std::string(1000, 'x')) == 0xd6f6fd5ff30f13db);
}
