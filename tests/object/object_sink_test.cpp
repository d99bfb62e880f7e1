// SPDX-License-Identifier: MIT
#include <hydrant/object/codec.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/gzip.hpp>
#include <hydrant/object/object_sink.hpp>
#include <hydrant/object/zstd.hpp>
#include <hydrant/sink/sink.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "failing_files.hpp"
#include "pages.hpp"
#include "test.hpp"

using hydrant::Attempt;
using hydrant::DeliveryResult;
using hydrant::DirectoryStore;
using hydrant::in_format;
using hydrant::Key;
using hydrant::Lines;
using hydrant::Object;
using hydrant::ObjectSink;
using hydrant::OptionErrors;
using hydrant::Uncompressed;
using hydrant::Zstd;
using hydrant::tests::FailingFiles;
using hydrant::tests::fill_randomly;
using hydrant::tests::joined;
using hydrant::tests::Pages;
using hydrant::tests::PieceCollector;
using hydrant::tests::TestAttempt;

namespace {

std::string unpacked(const std::string& frame) {
  std::string text(4'000'000, '\0');
  const std::size_t size = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
  return ZSTD_isError(size) != 0 ? "broken frame" : text.substr(0, size);
}

/// Asks for every body twice, as a store that signs what it sends does.
struct TwiceStore {
  static constexpr std::string_view name = "twice";
  PieceCollector* first;
  PieceCollector* second;

  DeliveryResult put_object(const Object& object, Attempt&) {
    if (!object.body.write_to(*first) || !object.body.write_to(*second)) {
      return hydrant::retry("refused");
    }
    return hydrant::delivered;
  }
};

/// A codec that counts the encoders it was asked for.
struct CountingCodec {
  std::atomic<int>* encoder_count;

  std::string_view extension() const { return {}; }

  std::string_view content_encoding() const { return {}; }

  void validate(OptionErrors&) const {}

  Uncompressed::Encoder encoder() const {
    ++*encoder_count;
    return {};
  }
};

/// Counts the objects that are as they should be.
struct CheckingStore {
  static constexpr std::string_view name = "checking";
  std::atomic<int>* good_count;

  DeliveryResult put_object(const Object& object, Attempt&) {
    PieceCollector out;
    if (object.body.write_to(out) && unpacked(out.text) == std::string(5'000, 'x') + "\n") {
      ++*good_count;
    }
    return hydrant::delivered;
  }
};

struct ThrowingStore {
  static constexpr std::string_view name = "throwing";

  DeliveryResult put_object(const Object&, Attempt&) { throw std::runtime_error("no"); }
};

using LakeSink = ObjectSink<DirectoryStore, Lines, Zstd>;

}  // namespace

static_assert(hydrant::Sink<LakeSink>);
static_assert(LakeSink::name == "directory");
static_assert(!LakeSink::limits.splits_rejected_batches);

TEST_CASE("object sink stores a batch under its key, compressed", "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  ObjectSink sink{DirectoryStore{"lake"}, Lines{}, Zstd{.level = 1}, Key{"logs/"}};
  Pages pages("\n");
  pages.put("first");
  pages.put("second");

  const DeliveryResult result = sink.deliver(pages.batch(), test.attempt);

  REQUIRE(result.is_delivered());
  REQUIRE(files.files.size() == 1);
  REQUIRE(files.files.begin()->first ==
          "lake/logs/2018/08/27/10/access-log-1-2018-08-27-10-30-05-"
          "01234567-89ab-4cde-8f01-23456789abcd.zst");
  REQUIRE(unpacked(files.files.begin()->second.bytes) == "first\nsecond\n");
}

TEST_CASE("object sink stores random batches as what joining them by hand gives",
          "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  ObjectSink sink{DirectoryStore{"lake"}, Lines{}, Zstd{}};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Pages pages(random() % 2 == 0 ? "\n" : "");
    const auto records = fill_randomly(pages, random, "\n", random() % 200);
    files.files.clear();
    // A write that fails now and then leaves the encoder in the middle of a frame.
    files.failing_call = random() % 3 == 0 ? files.calls.size() + 3 : 0;

    bool is_delivered = sink.deliver(pages.batch(), test.attempt).is_delivered();
    is_delivered = is_delivered || sink.deliver(pages.batch(), test.attempt).is_delivered();

    REQUIRE(is_delivered);
    REQUIRE(files.files.size() == 1);
    REQUIRE((unpacked(files.files.begin()->second.bytes) == joined(records, "\n")));
  }
}

TEST_CASE("object sink makes a whole object after one that broke off in the middle of a frame",
          "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  ObjectSink sink{DirectoryStore{"lake"}, Lines{}, Zstd{}};
  std::mt19937_64 random(17);
  std::string noise(900'000, '\0');
  for (char& byte : noise) {
    byte = static_cast<char>(random());
  }
  Pages pages("");
  pages.put(noise);
  files.failing_call = 3;

  const DeliveryResult first = sink.deliver(pages.batch(), test.attempt);
  const DeliveryResult second = sink.deliver(pages.batch(), test.attempt);

  REQUIRE(first.code() == "Directory.WriteFailed");
  REQUIRE(second.is_delivered());
  REQUIRE((unpacked(files.files.begin()->second.bytes) == noise + "\n"));
}

TEST_CASE("object sink puts a batch's second attempt in the place of the first",
          "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  ObjectSink sink{DirectoryStore{"lake"}, Lines{}, Zstd{}, Key{"!{firehose:random-string}/"}};
  Pages pages("\n");
  pages.put("record");

  REQUIRE(sink.deliver(pages.batch(), test.attempt).is_delivered());
  REQUIRE(sink.deliver(pages.batch(), test.attempt).is_delivered());

  REQUIRE(files.files.size() == 1);
}

TEST_CASE("object sink can make the body of an object again", "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  PieceCollector first;
  PieceCollector second;
  std::mt19937_64 random(1);
  Pages pages("\n");
  const auto records = fill_randomly(pages, random, "\n", 300);
  ObjectSink sink{TwiceStore{&first, &second}, Lines{}, Zstd{}};

  const DeliveryResult result = sink.deliver(pages.batch(), test.attempt);

  REQUIRE(result.is_delivered());
  REQUIRE((unpacked(first.text) == joined(records, "\n")));
  REQUIRE((first.text == second.text));
}

TEST_CASE("object sink says what the stream may append at put", "[object][object_sink]") {
  const ObjectSink sink{DirectoryStore{"lake"}, Lines{.delimiter = "\r\n"}, in_format};
  REQUIRE(sink.record_delimiter() == "\r\n");
}

TEST_CASE("object sink makes one encoder for objects that follow each other",
          "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  std::atomic<int> count{0};
  ObjectSink sink{DirectoryStore{"lake"}, Lines{}, CountingCodec{&count}};
  Pages pages("\n");
  pages.put("record");

  for (int i = 0; i < 5; ++i) {
    REQUIRE(sink.deliver(pages.batch(), test.attempt).is_delivered());
  }

  REQUIRE(count == 1);
}

TEST_CASE("object sink goes on after a store that threw", "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  ObjectSink sink{ThrowingStore{}, Lines{}, Zstd{}};
  Pages pages("\n");

  for (int i = 0; i < 3; ++i) {
    REQUIRE_THROWS_AS(sink.deliver(pages.batch(), test.attempt), std::runtime_error);
  }
}

TEST_CASE("object sink delivers from several threads at once", "[object][object_sink]") {
  std::atomic<int> good_count{0};
  ObjectSink sink{CheckingStore{&good_count}, Lines{}, Zstd{.level = 1}};

  std::vector<std::jthread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] {
      FailingFiles files;
      TestAttempt test(files);
      Pages pages("\n");
      pages.put(std::string(5'000, 'x'));
      const hydrant::Batch batch = pages.batch();
      for (int round = 0; round < 20; ++round) {
        static_cast<void>(sink.deliver(batch, test.attempt));
      }
    });
  }
  threads.clear();

  REQUIRE(good_count == 200);
}

TEST_CASE("object sink works after it was moved", "[object][object_sink]") {
  FailingFiles files;
  TestAttempt test(files);
  ObjectSink sink{DirectoryStore{"lake"}, Lines{}, Zstd{}};
  Pages pages("\n");
  pages.put("record");
  REQUIRE(sink.deliver(pages.batch(), test.attempt).is_delivered());

  ObjectSink moved = std::move(sink);

  REQUIRE(moved.deliver(pages.batch(), test.attempt).is_delivered());
}

TEST_CASE("object sink gathers the faults of all its parts", "[object][object_sink]") {
  const ObjectSink sink{DirectoryStore{""}, Lines{.delimiter = std::string(65, '-')},
                        Zstd{.level = 99}, Key{"!{moon}/"}};
  OptionErrors errors;
  sink.validate(errors);

  std::vector<std::string> fields;
  for (const hydrant::OptionFault& fault : errors.faults()) {
    fields.push_back(fault.field);
  }
  REQUIRE(fields == std::vector<std::string>{"directory_store.directory", "lines.delimiter",
                                             "zstd.level", "key.prefix"});
}

TEST_CASE("object sink refuses at construction a prefix that its store would refuse",
          "[object][object_sink]") {
  for (const std::string_view prefix : {"/logs/", "logs/../", "../"}) {
    CAPTURE(prefix);
    OptionErrors errors;
    ObjectSink(DirectoryStore("lake"), Lines{}, Zstd{}, Key(prefix)).validate(errors);
    REQUIRE(errors.faults().size() == 1);
    REQUIRE(errors.faults()[0].field == "key.prefix");
  }
}

TEST_CASE("object sink refuses at construction an error prefix that its store would refuse",
          "[object][object_sink]") {
  OptionErrors errors;
  ObjectSink(DirectoryStore("lake"), Lines{}, Zstd{},
             Key({.error_output_prefix = "../!{firehose:error-output-type}/"}))
      .validate(errors);
  REQUIRE(errors.faults().size() == 1);
  REQUIRE(errors.faults()[0].field == "key.error_output_prefix");
}

TEST_CASE("object sink says when its key does not suit the stream", "[object][object_sink]") {
  const ObjectSink sink{DirectoryStore{"lake"}, Lines{}, Zstd{}, Key{"!{hydrant:pid}/"}};
  OptionErrors errors;
  sink.validate_use({}, errors);
  REQUIRE(errors.empty());
  sink.validate_use({.is_journalled = true}, errors);
  REQUIRE(errors.faults().size() == 1);
}
