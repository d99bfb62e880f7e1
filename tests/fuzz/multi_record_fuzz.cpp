// SPDX-License-Identifier: MIT
//
// Any bytes as a record that may hold several. The first byte says for which
// transform; KPL's get a right magic and digest, so that their message is read.
#include <hydrant/core/md5.hpp>
#include <hydrant/transform/cloudwatch_logs.hpp>
#include <hydrant/transform/deaggregate.hpp>
#include <hydrant/transform/deaggregate_kpl.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "fuzz_input.hpp"

namespace {

using namespace hydrant;
using fuzz::expect;
using fuzz::FuzzInput;

/// Keeps what is emitted.
struct Kept final : Emitter {
  void do_emit(std::span<const std::byte> record) override {
    records.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  }

  std::span<char> do_reserve(std::size_t size) override {
    room.assign(size, '\0');
    room.shrink_to_fit();
    return room;
  }

  void do_commit(std::size_t size) override {
    expect(size <= room.size());
    records.emplace_back(room.data(), size);
  }

  std::vector<std::string> records;
  std::vector<char> room;
};

bool is_value(std::string_view text) {
  detail::JsonScanner scanner(text);
  return scanner.skip_value() && scanner.is_at_end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint64_t which = input.below(4);
  std::string text(reinterpret_cast<const char*>(input.rest().data()), input.rest().size());
  if (which == 3) {
    const detail::Md5 digest = detail::md5_of(input.rest());
    text = "\xf3\x89\x9a\xc2" + text;
    text.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  // A copy of exactly its size, so that the sanitizer sees what is read behind it.
  const std::vector<char> copy(text.begin(), text.end());
  const RecordView record(std::as_bytes(std::span(copy)), {});
  Kept out;
  std::size_t bytes = 0;
  if (which == 0) {
    const Outcome outcome = deaggregate_json()(record, out);
    for (const std::string& object : out.records) {
      expect(object.starts_with('{') && is_value(object));
    }
    expect(outcome.is_failed() || out.records.size() <= 500);
  } else if (which == 1) {
    const Outcome outcome = extract_log_messages()(record, out);
    expect(outcome.is_failed() ||
           is_value(record.text().substr(record.text().find('{'),
                                         record.text().rfind('}') + 1 - record.text().find('{'))));
  } else if (which == 2) {
    const Outcome outcome = deaggregate_delimited("YWI=")(record, out);
    std::string joined;
    for (const std::string& one : out.records) {
      expect(one.find("ab") == std::string::npos);
      joined += one + "ab";
    }
    expect(outcome.is_failed() || joined == text || joined == text + "ab");
  } else {
    expect(deaggregate_kpl()(record, out).kind() == Outcome::Kind::ok);
  }
  for (const std::string& one : out.records) {
    bytes += one.size();
  }
  expect(bytes <= copy.size());
  return 0;
}
