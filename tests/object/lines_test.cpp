// SPDX-License-Identifier: MIT
#include <hydrant/object/lines.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "pages.hpp"
#include "test.hpp"

using hydrant::Batch;
using hydrant::Lines;
using hydrant::OptionErrors;
using hydrant::tests::fill_randomly;
using hydrant::tests::joined;
using hydrant::tests::Pages;
using hydrant::tests::PieceCollector;

TEST_CASE("lines of random records are what joining them by hand gives", "[object][lines]") {
  const std::vector<std::string> delimiters = {"", "\n", "\r\n", "--", std::string(1, '\0')};
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string ours = delimiters[random() % delimiters.size()];
    const std::string at_put = random() % 2 == 0 ? ours : delimiters[random() % delimiters.size()];
    Pages pages(at_put);
    const auto records = fill_randomly(pages, random, ours, random() % 60);

    PieceCollector out;
    const bool written = static_cast<bool>(Lines{.delimiter = ours}.write(pages.batch(), out));

    REQUIRE(written);
    REQUIRE(out.text == joined(records, ours));
  }
}

TEST_CASE("lines hands on a slice of 16 KiB as it lies in memory", "[object][lines]") {
  constexpr std::size_t direct = 16 * 1024;
  for (const std::size_t size : {direct - 1, direct, direct + 1}) {
    CAPTURE(size);
    Pages pages("\n");
    pages.put(std::string(size - 1, 'x'));
    const Batch batch = pages.batch();

    PieceCollector out;
    const bool written = static_cast<bool>(Lines{}.write(batch, out));

    REQUIRE(written);
    REQUIRE(out.pieces.size() == 1);
    REQUIRE((out.pieces[0].data() == batch.slices()[0].payload) == (size >= direct));
  }
}

TEST_CASE("lines gathers a thousand short slices into pieces of 64 KiB", "[object][lines]") {
  Pages pages("\n");
  for (int i = 0; i < 1000; ++i) {
    pages.put(std::string(199, 'x'));
    pages.cut_slice();
  }
  const Batch batch = pages.batch();
  REQUIRE(batch.slices().size() == 1000);

  PieceCollector out;
  const bool written = static_cast<bool>(Lines{}.write(batch, out));

  REQUIRE(written);
  REQUIRE(out.text.size() == 200'000);
  REQUIRE(out.pieces.size() == 4);
}

TEST_CASE("lines keeps the order of short and long slices", "[object][lines]") {
  Pages pages("\n");
  std::vector<std::string> records;
  for (int i = 0; i < 12; ++i) {
    records.push_back(std::string(i % 2 == 0 ? 10 : 40'000, static_cast<char>('a' + i)));
    pages.put(records.back());
    pages.cut_slice();
  }

  PieceCollector out;
  const bool written = static_cast<bool>(Lines{}.write(pages.batch(), out));

  REQUIRE(written);
  REQUIRE(out.text == joined(records, "\n"));
}

TEST_CASE("lines stops at the first piece that is refused, whichever it is", "[object][lines]") {
  for (const std::string at_put : {"\n", ""}) {
    for (std::size_t failing = 1; failing <= 5; ++failing) {
      CAPTURE(at_put, failing);
      Pages pages(at_put);
      for (int i = 0; i < 5; ++i) {
        pages.put(std::string(i % 2 == 0 ? 50'000 : 20, 'x'));
        pages.cut_slice();
      }
      PieceCollector out;
      out.failing_piece = failing;

      const hydrant::Status status = Lines{}.write(pages.batch(), out);

      REQUIRE_FALSE(static_cast<bool>(status));
      REQUIRE(status.failure().message == "no room");
      REQUIRE(out.pieces.size() == failing - 1);
    }
  }
}

TEST_CASE("lines of an empty batch are no piece at all", "[object][lines]") {
  Pages pages("\n");

  PieceCollector out;
  const bool written = static_cast<bool>(Lines{}.write(pages.batch(), out));

  REQUIRE(written);
  REQUIRE(out.pieces.empty());
}

TEST_CASE("lines takes delimiters of up to 64 bytes", "[object][lines]") {
  for (const std::size_t size : {std::size_t{63}, std::size_t{64}, std::size_t{65}}) {
    CAPTURE(size);
    OptionErrors errors;
    Lines{.delimiter = std::string(size, '-')}.validate(errors);
    REQUIRE(errors.empty() == (size <= 64));
  }
}
