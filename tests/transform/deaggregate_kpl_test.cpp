// SPDX-License-Identifier: MIT
#include <hydrant/transform/deaggregate_kpl.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "collecting_emitter.hpp"
#include "kpl_aggregate.hpp"
#include "test.hpp"

using hydrant::deaggregate_kpl;
using hydrant::tests::bytes_field;
using hydrant::tests::kpl_framed;
using hydrant::tests::kpl_message_of;
using hydrant::tests::KplEntry;
using hydrant::tests::number_field;
using hydrant::tests::run;
using hydrant::tests::Texts;
using hydrant::tests::varint;
using Kind = hydrant::Outcome::Kind;

namespace {

Texts records_in(const std::string& record) {
  // A copy of exactly its size, for the sanitizers.
  const std::vector<char> copy(record.begin(), record.end());
  auto ran = run(deaggregate_kpl(), std::string_view(copy.data(), copy.size()));
  REQUIRE(ran.outcome.kind() == Kind::ok);
  return ran.records;
}

/// Whether a message, though its digest is right, is no aggregate, and so goes on whole.
bool goes_on(const std::string& message) {
  const std::string record = kpl_framed(message);
  return records_in(record) == Texts{record};
}

}  // namespace

TEST_CASE("deaggregate_kpl gives every record's data, in order", "[transform][kpl]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::vector<KplEntry> entries(1 + random() % 40);
    Texts data;
    for (KplEntry& entry : entries) {
      entry.data.resize(random() % (random() % 8 == 0 ? 5'000 : 200));
      for (char& byte : entry.data) {
        byte = static_cast<char>(random());
      }
      entry.partition_key = random() % 3;
      if (random() % 2 == 0) {
        entry.explicit_hash_key = random() % 2;
      }
      entry.tags.resize(random() % 3, "tag");
      data.push_back(entry.data);
    }
    REQUIRE(records_in(kpl_framed(kpl_message_of(3, 2, entries))) == data);
  }
}

TEST_CASE("deaggregate_kpl takes a single record and an empty one", "[transform][kpl]") {
  REQUIRE(records_in(kpl_framed(kpl_message_of(1, 0, {{"one"}}))) == Texts{"one"});
  REQUIRE(records_in(kpl_framed(kpl_message_of(1, 0, {{""}, {"b"}}))) == Texts{"", "b"});
  REQUIRE(records_in(kpl_framed("")).empty());
  REQUIRE(records_in(kpl_framed(kpl_message_of(2, 2, {}))).empty());
}

TEST_CASE("deaggregate_kpl does not care for the order of fields, nor for new ones",
          "[transform][kpl]") {
  const std::string record = bytes_field(3, bytes_field(3, "data") + number_field(1, 0));
  REQUIRE(records_in(kpl_framed(record + bytes_field(1, "key"))) == Texts{"data"});
  const std::string unknown = number_field(9, 1) + bytes_field(10, "x") + varint(11 << 3 | 1) +
                              "12345678" + varint(12 << 3 | 5) + "1234" + varint(3 << 3) +
                              varint(7);
  const std::string inner = number_field(1, 0) + unknown + bytes_field(5, "");
  REQUIRE(records_in(kpl_framed(unknown + bytes_field(1, "key") + unknown +
                                bytes_field(3, inner + bytes_field(3, "a") + bytes_field(3, "b")) +
                                unknown)) == Texts{"b"});
}

TEST_CASE("deaggregate_kpl hands on what is not aggregated", "[transform][kpl]") {
  const std::string aggregate = kpl_framed(kpl_message_of(1, 0, {{"one"}}));
  const std::string magic = aggregate.substr(0, 4);
  for (const std::string& record :
       {std::string(), std::string("plain"), magic, magic + std::string(15, 'x'),
        magic + std::string(16, 'x'), aggregate.substr(1), " " + aggregate, aggregate + " "}) {
    CAPTURE(record.size());
    REQUIRE(records_in(record) == Texts{record});
  }
}

TEST_CASE("deaggregate_kpl hands on what one bit is wrong in, or what is cut off",
          "[transform][kpl]") {
  const std::string aggregate =
      kpl_framed(kpl_message_of(2, 1, {{"one", 1}, {"two", 0, 0, {"tag"}}}));
  for (std::size_t bit = 0; bit < aggregate.size() * 8; ++bit) {
    std::string flipped = aggregate;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    REQUIRE(records_in(flipped) == Texts{flipped});
  }
  for (std::size_t size = 0; size < aggregate.size(); ++size) {
    REQUIRE(records_in(aggregate.substr(0, size)) == Texts{aggregate.substr(0, size)});
  }
}

TEST_CASE("deaggregate_kpl hands on whole what is no aggregate though its digest is right",
          "[transform][kpl]") {
  const std::string key = bytes_field(1, "key");
  const std::string good = bytes_field(3, KplEntry{"data"}.text());
  REQUIRE_FALSE(goes_on(key + good));
  REQUIRE(goes_on(good));  // no such key
  REQUIRE(goes_on(key + good + bytes_field(3, KplEntry{"data", 1}.text())));
  REQUIRE(goes_on(key + bytes_field(3, KplEntry{"data", 0, 0}.text())));  // no such hash key
  REQUIRE(goes_on(key + good + bytes_field(3, number_field(1, 0))));      // no data
  REQUIRE(goes_on(key + good + bytes_field(3, bytes_field(3, "data"))));  // no key
  REQUIRE(goes_on(key + bytes_field(3, number_field(1, 0) + bytes_field(3, "a") +
                                           bytes_field(4, bytes_field(2, "value")))));
  REQUIRE(goes_on(
      key + bytes_field(3, number_field(1, 0) + bytes_field(3, "a") + bytes_field(4, "\x0a\x09"))));
  REQUIRE(goes_on(key + good + "\x1a"));                                   // no length
  REQUIRE(goes_on(key + good + "\x1a\x05"));                               // nothing behind it
  REQUIRE(goes_on(key + good + varint(0)));                                // field 0
  REQUIRE(goes_on(key + good + varint(5 << 3 | 3) + varint(5 << 3 | 4)));  // a group
  REQUIRE(goes_on(key + good + varint(5 << 3 | 6)));
  REQUIRE(goes_on(key + good + varint(5 << 3 | 1) + "1234567"));
  REQUIRE(goes_on(key + good + varint(5 << 3 | 5) + "123"));
  REQUIRE(goes_on(key + good + varint(std::uint64_t{1} << 32 | 8) + varint(0)));
}

TEST_CASE("deaggregate_kpl takes numbers of ten bytes, and none of eleven", "[transform][kpl]") {
  const std::string key = bytes_field(1, "key");
  const std::string ten = std::string(9, '\x80') + std::string(1, '\0');
  const auto record = [&](const std::string& index) {
    return key + bytes_field(3, varint(1 << 3) + index + bytes_field(3, "data"));
  };
  REQUIRE(records_in(kpl_framed(record(ten))) == Texts{"data"});
  REQUIRE(goes_on(record("\x80" + ten)));
  REQUIRE(goes_on(record(varint(UINT64_MAX))));
  REQUIRE(goes_on(record(varint(std::uint64_t{1} << 32))));
  REQUIRE(goes_on(key + varint(3 << 3 | 2) + varint(UINT64_MAX) + "data"));
}
