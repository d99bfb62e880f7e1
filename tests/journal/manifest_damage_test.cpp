// SPDX-License-Identifier: MIT
//
// Manifests whose bytes are not what was written: flipped bits, another
// version, files that are cut short; and one that has no room for all it knows.
#include <hydrant/journal/manifest.hpp>

#include <functional>
#include <random>

#include "journal/manifest_model.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using hydrant::detail::EntryHeader;

constexpr std::size_t tiny = ManifestFiles::bytes_min;

/// A manifest of which each entry is known: where it lies, and how the model takes it in.
struct Written {
  struct Entry {
    std::size_t begin;
    std::size_t end;
    std::function<void(ManifestModel&)> apply;
  };

  Written() {
    REQUIRE(files.make_directories("spool"));
    manifest = std::move(Manifest::create(files, "spool", {}, tiny).value());
    for (std::uint64_t i = 1; i <= 8; ++i) {
      Seal seal;
      seal.number = i;
      seal.lane = static_cast<std::uint16_t>(i % 3);
      seal.ranges.push_back({0, 0, i * 10, i * 10 + 10, 0});
      add([seal](Manifest& to) { to.seal(seal); },
          [seal](ManifestModel& model) { model.seal(seal); });
      add([i](Manifest& to) { to.done(Track::backup, 1, i * 10, i * 10 + 10); },
          [i](ManifestModel& model) { model.done(Track::backup, 1, i * 10, i * 10 + 10); });
      const SealedPart part{i, 0, i * 77};
      add([part](Manifest& to) { to.part(part.number, part.part, part.digest); },
          [part](ManifestModel& model) { model.parts.push_back(part); });
    }
  }

  void add(const std::function<void(Manifest&)>& write, std::function<void(ManifestModel&)> apply) {
    write(*manifest);
    const std::size_t begin = entries.empty() ? sizeof(ManifestHeader) : entries.back().end;
    const std::string content = bytes()[0];
    const auto size = hydrant::detail::read_plain<std::uint32_t>(
        reinterpret_cast<const std::byte*>(content.data()) + begin);
    entries.push_back({begin, begin + size, std::move(apply)});
  }

  ManifestBytes bytes() const { return manifest_bytes(files, "spool"); }

  /// What is known without that entry.
  ManifestModel without(std::size_t lost) const {
    ManifestModel model;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i != lost) {
        entries[i].apply(model);
      }
    }
    return model;
  }

  ManifestModel whole() const { return without(entries.size()); }

  MemoryFiles files;
  std::unique_ptr<Manifest> manifest;
  std::vector<Entry> entries;
};

Seal seal_larger_than(std::size_t bytes) {
  Seal seal;
  for (std::uint64_t i = 0; i < bytes / sizeof(hydrant::detail::SealedRange) + 1; ++i) {
    seal.ranges.push_back({0, 0, 1000 + i * 2, 1001 + i * 2, 0});
  }
  return seal;
}

void flip(std::string& file, std::size_t bit) {
  file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
}

}  // namespace

TEST_CASE("a flipped bit costs a manifest the entry it hits, and is counted",
          "[journal][manifest]") {
  const Written written;
  for (std::size_t lost = 0; lost < written.entries.size(); ++lost) {
    const ManifestModel expected = written.without(lost);
    for (std::size_t bit = written.entries[lost].begin * 8; bit < written.entries[lost].end * 8;
         ++bit) {
      ManifestBytes bytes = written.bytes();
      flip(bytes[0], bit);
      const auto disk = disk_with(bytes);

      const auto opened = std::move(Manifest::open(*disk, "spool").value());

      CAPTURE(lost, bit);
      // What stands last may as well have been torn by the crash.
      const bool is_last = lost + 1 == written.entries.size();
      REQUIRE(opened->damaged_entries() == (is_last ? 0 : 1));
      REQUIRE(expected.difference(*opened) == "");
    }
  }
}

TEST_CASE("a manifest goes on behind a damaged entry", "[journal][manifest]") {
  Written written;
  ManifestBytes bytes = written.bytes();
  flip(bytes[0], written.entries[3].begin * 8 + 40);
  const auto disk = disk_with(bytes);
  const auto opened = std::move(Manifest::open(*disk, "spool").value());
  ManifestModel expected = written.without(3);

  opened->done(Track::main, 2, 7, 9);
  expected.done(Track::main, 2, 7, 9);

  const auto again = disk_with(manifest_bytes(*disk, "spool"));
  REQUIRE(expected.difference(*Manifest::open(*again, "spool").value()) == "");
}

TEST_CASE(
    "a flipped bit in the header of the only generation makes a manifest unreadable, or is "
    "one that means nothing",
    "[journal][manifest]") {
  const Written written;
  const ManifestModel expected = written.whole();
  std::size_t readable = 0;
  for (std::size_t bit = 0; bit < sizeof(ManifestHeader) * 8; ++bit) {
    ManifestBytes bytes = written.bytes();
    flip(bytes[0], bit);
    const auto disk = disk_with(bytes);

    auto opened = Manifest::open(*disk, "spool");

    CAPTURE(bit);
    readable += opened ? 1u : 0u;
    if (opened) {
      REQUIRE(expected.difference(*opened.value()) == "");
    } else {
      REQUIRE(opened.failure().message == "read spool/manifest-0: neither manifest is whole");
    }
  }
  REQUIRE(readable == 31);  // the word that says it is complete, but for its one bit
}

TEST_CASE("a manifest whose newer header is damaged falls back to the older generation",
          "[journal][manifest]") {
  Written written;
  const ManifestModel expected = written.whole();
  for (std::uint64_t record = 0; active_of(written.bytes()) == 0; ++record) {
    written.manifest->done(Track::main, 0, 1000 + record, 1001 + record);
  }
  for (std::size_t byte = 16; byte < sizeof(ManifestHeader); ++byte) {
    ManifestBytes bytes = written.bytes();
    flip(bytes[1], byte * 8 + byte % 8);
    const auto disk = disk_with(bytes);

    const auto opened = std::move(Manifest::open(*disk, "spool").value());

    CAPTURE(byte);
    REQUIRE(expected.difference(*opened) == "");
  }
}

TEST_CASE("a manifest of a newer version is not read", "[journal][manifest]") {
  const Written written;
  ManifestBytes bytes = written.bytes();
  ManifestHeader header = header_of(bytes[0]);
  header.version = hydrant::detail::journal_version + 1;
  header.check = header.right_check();
  set_header(bytes[0], header);
  const auto disk = disk_with(bytes);

  REQUIRE_FALSE(Manifest::open(*disk, "spool"));
}

TEST_CASE("a manifest that is cut short anywhere is read as far as it goes, or not at all",
          "[journal][manifest]") {
  const Written written;
  const ManifestModel expected = written.whole();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, sizeof(ManifestHeader) - 1,
                                 sizeof(ManifestHeader), tiny - 1}) {
    ManifestBytes bytes = written.bytes();
    bytes[0].resize(size);
    const auto disk = disk_with(bytes);
    CAPTURE(size);
    REQUIRE_FALSE(Manifest::open(*disk, "spool"));
  }
  ManifestBytes bytes = written.bytes();
  bytes[1].resize(0);

  const auto disk = disk_with(bytes);

  REQUIRE(expected.difference(*Manifest::open(*disk, "spool").value()) == "");
}

TEST_CASE("a manifest says which file is missing", "[journal][manifest]") {
  const Written written;
  const auto disk = disk_with(written.bytes());
  REQUIRE(disk->remove("spool/manifest-1"));

  const auto opened = Manifest::open(*disk, "spool");

  REQUIRE(opened.failure().os_code == ENOENT);
  REQUIRE(opened.failure().message.find("spool/manifest-1") != std::string::npos);
}

TEST_CASE("a manifest grows with what it has to remember", "[journal][manifest]") {
  MemoryFiles files;
  REQUIRE(files.make_directories("spool"));
  const auto manifest = std::move(Manifest::create(files, "spool", {}, tiny).value());
  ManifestModel sealed;
  while (sealed.seals.size() < 2000) {
    Seal seal;
    seal.number = manifest->take_number();
    seal.ranges.push_back({0, 0, seal.number * 10, seal.number * 10 + 10, 0});
    sealed.seal(seal);
    REQUIRE(manifest->seal(seal));
  }

  const ManifestBytes bytes = manifest_bytes(files, "spool");

  REQUIRE_FALSE(manifest->is_short_of_room());
  REQUIRE(bytes[active_of(bytes)].size() > tiny);
  REQUIRE(files.paths() == std::vector<std::string>{"spool/manifest-0", "spool/manifest-1"});
  REQUIRE(sealed.difference(*Manifest::open(*disk_with(bytes), "spool").value()) == "");
}

TEST_CASE("a manifest takes a seal that is larger than its files", "[journal][manifest]") {
  Written written;
  ManifestModel expected = written.whole();
  Seal seal = seal_larger_than(tiny);
  seal.number = written.manifest->take_number();
  expected.seal(seal);

  REQUIRE(written.manifest->seal(seal));

  REQUIRE_FALSE(written.manifest->is_short_of_room());
  const auto disk = disk_with(written.bytes());
  REQUIRE(expected.difference(*Manifest::open(*disk, "spool").value()) == "");
}

TEST_CASE(
    "a manifest that may not grow says so, keeps what it had written, and writes all of it when "
    "there is room",
    "[journal][manifest]") {
  Written written;
  const ManifestModel before = written.whole();
  ManifestModel after = before;
  Seal seal = seal_larger_than(tiny);
  seal.number = written.manifest->take_number();
  written.files.fail_call(2, ENOSPC);  // it removes a leftover, then makes the larger file

  REQUIRE_FALSE(written.manifest->seal(seal));

  REQUIRE(written.manifest->is_short_of_room());
  REQUIRE(before.difference(*Manifest::open(*disk_with(written.bytes()), "spool").value()) == "");
  std::uint64_t record = 0;
  for (; written.manifest->is_short_of_room() && record < ManifestModel::sequence_count; ++record) {
    written.manifest->done(Track::main, 2, record, record + 1);
  }
  after.done(Track::main, 2, 0, record);
  REQUIRE(record < ManifestModel::sequence_count);
  REQUIRE(after.difference(*Manifest::open(*disk_with(written.bytes()), "spool").value()) == "");
}

TEST_CASE("a manifest outlives a process that is killed while it grows", "[journal][manifest]") {
  for (std::uint64_t call = 1; call <= 3; ++call) {
    Written written;
    const ManifestModel before = written.whole();
    REQUIRE(written.files.create("spool/manifest-1.new"));  // of an earlier one
    Seal seal = seal_larger_than(tiny);
    seal.number = 9;
    written.files.fail_call(call, EIO);

    static_cast<void>(written.manifest->seal(seal));

    CAPTURE(call);
    const auto found = std::move(Manifest::open(written.files, "spool").value());
    ManifestModel sealed = before;
    sealed.seal(seal);
    REQUIRE((before.difference(*found) == "" || sealed.difference(*found) == ""));
  }
}
