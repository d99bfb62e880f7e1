// SPDX-License-Identifier: MIT
#include <hydrant/core/system_env.hpp>
#include <hydrant/object/directory_store.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "failing_files.hpp"
#include "test.hpp"
#include <sys/stat.h>

using hydrant::DeliveryResult;
using hydrant::DirectoryStore;
using hydrant::Failure;
using hydrant::Object;
using hydrant::ObjectBody;
using hydrant::OptionErrors;
using hydrant::Status;
using hydrant::success;
using hydrant::tests::FailingFiles;
using hydrant::tests::TestAttempt;
using Verdict = DeliveryResult::Verdict;

namespace {

constexpr std::string_view key = "2018/08/27/10/clicks-1.zst";
const std::string path = "lake/" + std::string(key);

struct Body {
  std::vector<std::string> pieces;

  Status operator()(ObjectBody::Pieces out) const {
    for (const std::string& piece : pieces) {
      if (Status status = out(std::as_bytes(std::span<const char>(piece))); !status) {
        return status;
      }
    }
    return success();
  }
};

template <class Producer>
DeliveryResult put(DirectoryStore& store, std::string_view name, const Producer& producer,
                   hydrant::Attempt& attempt) {
  return store.put_object(Object{name, "", "", ObjectBody(producer)}, attempt);
}

const Body three{{"one ", "two ", "three"}};

}  // namespace

TEST_CASE("directory store writes, syncs, closes, renames, and syncs every directory up to its own",
          "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  DirectoryStore store("lake");

  const DeliveryResult result = put(store, key, three, test.attempt);

  REQUIRE(result.is_delivered());
  const std::string temporary = "lake/2018/08/27/10/.hydrant-1.tmp";
  REQUIRE(files.calls ==
          std::vector<std::string>{"make_directories lake/2018/08/27/10", "create " + temporary,
                                   "write " + temporary, "write " + temporary, "write " + temporary,
                                   "sync " + temporary, "close " + temporary, "rename " + path,
                                   "sync_directory lake/2018/08/27/10",
                                   "sync_directory lake/2018/08/27", "sync_directory lake/2018/08",
                                   "sync_directory lake/2018", "sync_directory lake"});
  REQUIRE(files.files.size() == 1);
  REQUIRE(files.files[path].bytes == "one two three");
  REQUIRE(files.files[path].synced);
}

TEST_CASE("directory store leaves nothing to lose below its directory when it has delivered",
          "[object][directory_store]") {
  FailingFiles files;
  files.directories.insert("lake");
  TestAttempt test(files);
  DirectoryStore store("lake");

  for (const std::string_view name : {"a", "b/c", "b/d/e", "b//f"}) {
    CAPTURE(name);
    const DeliveryResult result = put(store, name, three, test.attempt);

    REQUIRE(result.is_delivered());
    REQUIRE(files.unsynced == std::set<std::string>{});
  }
}

TEST_CASE("directory store leaves no half object and no temporary file, whichever call fails",
          "[object][directory_store]") {
  for (std::size_t failing = 1;; ++failing) {
    CAPTURE(failing);
    FailingFiles files;
    files.failing_call = failing;
    TestAttempt test(files);
    DirectoryStore store("lake");

    const DeliveryResult result = put(store, key, three, test.attempt);

    if (result.is_delivered()) {
      REQUIRE(failing == 14);
      break;
    }
    CAPTURE(result.reason());
    REQUIRE(result.verdict() == Verdict::retry);
    REQUIRE(result.reason().find("put lake/2018/08/27/10/clicks-1.zst: ") == 0);
    REQUIRE(result.reason().find("No space left on device") != std::string::npos);
    for (const auto& [name, content] : files.files) {
      REQUIRE(name == path);
      REQUIRE(content.bytes == "one two three");
    }

    // The next attempt, with room on the disk, is as if nothing had been.
    const DeliveryResult again = put(store, key, three, test.attempt);
    REQUIRE(again.is_delivered());
    REQUIRE(files.files.size() == 1);
    REQUIRE(files.files[path].bytes == "one two three");
  }
}

TEST_CASE("directory store names the step that failed", "[object][directory_store]") {
  const std::vector<std::string> codes = {
      "MakeDirectoryFailed", "CreateFailed",       "WriteFailed", "WriteFailed",
      "WriteFailed",         "SyncFailed",         "CloseFailed", "RenameFailed",
      "SyncDirectoryFailed", "SyncDirectoryFailed"};
  for (std::size_t i = 0; i < codes.size(); ++i) {
    CAPTURE(i);
    FailingFiles files;
    files.failing_call = i + 1;
    TestAttempt test(files);
    DirectoryStore store("lake");

    const DeliveryResult result = put(store, key, three, test.attempt);

    REQUIRE(result.code() == "Directory." + codes[i]);
  }
}

TEST_CASE("directory store keeps the old object when putting the new one fails",
          "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  DirectoryStore store("lake");
  REQUIRE(put(store, key, Body{{"old"}}, test.attempt).is_delivered());
  files.failing_call = files.calls.size() + 4;

  const DeliveryResult result = put(store, key, three, test.attempt);

  REQUIRE(result.code() == "Directory.WriteFailed");
  REQUIRE(files.files.size() == 1);
  REQUIRE(files.files[path].bytes == "old");
}

TEST_CASE("directory store replaces an object of the same key", "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  DirectoryStore store("lake");

  REQUIRE(put(store, key, Body{{"first"}}, test.attempt).is_delivered());
  REQUIRE(put(store, key, Body{{"second"}}, test.attempt).is_delivered());

  REQUIRE(files.files.size() == 1);
  REQUIRE(files.files[path].bytes == "second");
}

TEST_CASE("directory store leaves a temporary file alone that is not its own",
          "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  files.files["lake/2018/08/27/10/.hydrant-1.tmp"].bytes = "another's";
  DirectoryStore store("lake");

  const DeliveryResult first = put(store, key, three, test.attempt);
  const DeliveryResult second = put(store, key, three, test.attempt);

  REQUIRE(first.code() == "Directory.CreateFailed");
  REQUIRE(second.is_delivered());
  REQUIRE(files.files["lake/2018/08/27/10/.hydrant-1.tmp"].bytes == "another's");
}

TEST_CASE("directory store passes on why a body could not be made", "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  DirectoryStore store("lake");
  const auto failing = [](ObjectBody::Pieces) -> Status { return Failure{"zstd: out of memory"}; };

  const DeliveryResult result = put(store, key, failing, test.attempt);

  REQUIRE(result.verdict() == Verdict::retry);
  REQUIRE(result.code() == "Directory.EncodeFailed");
  REQUIRE(result.reason() == "put " + path + ": zstd: out of memory");
  REQUIRE(files.files.empty());
}

TEST_CASE("directory store makes no half object of a body that hides a failed write",
          "[object][directory_store]") {
  FailingFiles files;
  files.failing_call = 3;
  TestAttempt test(files);
  DirectoryStore store("lake");
  const auto careless = [](ObjectBody::Pieces out) -> Status {
    static_cast<void>(out(std::as_bytes(std::span<const char>("whole", 5))));
    return success();
  };

  const DeliveryResult result = put(store, key, careless, test.attempt);

  REQUIRE(result.code() == "Directory.WriteFailed");
  REQUIRE(files.files.empty());
}

TEST_CASE("directory store leaves nothing behind when a body throws", "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  DirectoryStore store("lake");
  const auto throwing = [](ObjectBody::Pieces out) -> Status {
    static_cast<void>(out(std::as_bytes(std::span<const char>("half", 4))));
    throw std::runtime_error("no");
  };

  REQUIRE_THROWS_AS(put(store, key, throwing, test.attempt), std::runtime_error);

  REQUIRE(files.files.empty());
}

TEST_CASE("directory store stops between pieces when it is told to", "[object][directory_store]") {
  for (const bool out_of_time : {true, false}) {
    CAPTURE(out_of_time);
    FailingFiles files;
    TestAttempt test(files);
    DirectoryStore store("lake");
    const auto body = [&](ObjectBody::Pieces out) -> Status {
      REQUIRE(static_cast<bool>(out(std::as_bytes(std::span<const char>("first", 5)))));
      if (out_of_time) {
        test.world.now += std::chrono::minutes(1);
      } else {
        test.stop = true;
      }
      return out(std::as_bytes(std::span<const char>("second", 6)));
    };

    const DeliveryResult result = put(store, key, body, test.attempt);

    REQUIRE(result.verdict() == Verdict::retry);
    REQUIRE(result.code() == "Directory.Cancelled");
    REQUIRE(files.files.empty());
  }
}

TEST_CASE("directory store refuses keys that lead out of it, before it touches anything",
          "[object][directory_store]") {
  for (const std::string_view bad :
       {std::string_view(""), std::string_view("/etc/passwd"), std::string_view(".."),
        std::string_view("../a"), std::string_view("a/../../b"), std::string_view("a/.."),
        std::string_view("a/../b"), std::string_view("a/"), std::string_view("."),
        std::string_view("a/."), std::string_view("a\0b", 3), std::string_view("//a")}) {
    CAPTURE(bad);
    FailingFiles files;
    TestAttempt test(files);
    DirectoryStore store("lake");

    const DeliveryResult result = put(store, bad, three, test.attempt);

    REQUIRE(result.verdict() == Verdict::rejected);
    REQUIRE(result.code() == "Directory.InvalidKey");
    REQUIRE(files.calls.empty());
  }
}

TEST_CASE("directory store takes keys that only look dangerous", "[object][directory_store]") {
  for (const std::string_view good : {"..a", "a..", "a/...", ".a", "a/..b/c", "a//b", "./a"}) {
    CAPTURE(good);
    REQUIRE(DirectoryStore("lake").accepts(good));
  }
}

TEST_CASE("directory store without sync syncs nothing", "[object][directory_store]") {
  FailingFiles files;
  TestAttempt test(files);
  DirectoryStore store{{.directory = "lake", .sync = false}};

  const DeliveryResult result = put(store, key, three, test.attempt);

  REQUIRE(result.is_delivered());
  REQUIRE(files.files[path].bytes == "one two three");
  REQUIRE_FALSE(files.files[path].synced);
  REQUIRE(files.calls.back() == "rename " + path);
}

TEST_CASE("directory store needs a directory", "[object][directory_store]") {
  for (const std::string& directory : {std::string(), std::string("a\0b", 3)}) {
    OptionErrors errors;
    DirectoryStore(directory).validate(errors);
    REQUIRE(errors.faults().size() == 1);
    REQUIRE(errors.faults()[0].field == "directory_store.directory");
  }
}

TEST_CASE("directory store keeps objects in the system's files", "[object][directory_store]") {
  std::string top = "/tmp/hydrant-store-XXXXXX";
  REQUIRE(::mkdtemp(top.data()) != nullptr);
  hydrant::Files& files = hydrant::SystemEnv().files();
  TestAttempt test(files);
  DirectoryStore store(top + "/lake/");
  const std::string long_name(255, 'n');

  REQUIRE(put(store, "a/b", three, test.attempt).is_delivered());
  REQUIRE(put(store, "a/" + long_name, three, test.attempt).is_delivered());
  const DeliveryResult below_a_file = put(store, "a/b/c", three, test.attempt);
  const DeliveryResult too_long = put(store, "a/" + long_name + "n", three, test.attempt);

  REQUIRE(below_a_file.verdict() == Verdict::retry);
  REQUIRE(below_a_file.reason().find("Not a directory") != std::string::npos);
  REQUIRE(too_long.verdict() == Verdict::retry);

  struct stat status {};

  REQUIRE(::stat((top + "/lake/a/b").c_str(), &status) == 0);
  REQUIRE(status.st_size == 13);
  REQUIRE(files.list(top + "/lake/a").value().size() == 2);
  REQUIRE(std::system(("rm -r " + top).c_str()) == 0);
}
