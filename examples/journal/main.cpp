// SPDX-License-Identifier: MIT
//
// Looks after journals that dead processes have left:
//
//     journal inspect DIR               what is in there, by stream, spool and batch
//     journal verify DIR                what cannot be read; exit status 0 only when all can
//     journal drain DIR STREAM --to D   delivers what STREAM has left, as lines, into D
//
// Inspect and verify change nothing and may look at a living process's journal.
#include <hydrant/hydrant.hpp>
#include <hydrant/journal/inspect.hpp>
#include <hydrant/object/directory_store.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int all_is_well = 0;
constexpr int something_is_wrong = 1;
constexpr int wrong_usage = 2;

std::string age_of(hydrant::WallTime then, hydrant::WallTime now) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - then).count();
  return minutes < 120 ? std::to_string(minutes) + " min" : std::to_string(minutes / 60) + " h";
}

void print(const hydrant::SpoolView& spool, hydrant::WallTime now) {
  std::cout << "  " << spool.name << "  " << age_of(spool.created_at, now) << " old, "
            << (spool.is_alive ? "in use" : "left behind") << ", " << spool.segments
            << " segments, " << hydrant::to_text(hydrant::ByteCount{spool.bytes}) << ", "
            << spool.records << " records, " << spool.open << " to deliver, " << spool.open_backup
            << " to back up"
            << (spool.is_of_this_boot ? "" : ", from before the system was started") << '\n';
  for (const hydrant::SealedBatchView& batch : spool.batches) {
    std::cout << "    batch " << batch.number << " (" << batch.lane << ", closed by "
              << to_text(batch.reason) << "): " << batch.open << " of " << batch.records
              << " records to deliver, oldest " << age_of(batch.first_arrival, now) << " old\n";
  }
}

/// Prints what there is, or only what is wrong. Returns: the exit status.
int look(const std::string& directory, bool only_faults) {
  hydrant::SystemEnv env;
  auto streams = hydrant::inspect_journal(env.files(), directory);
  if (!streams) {
    std::cerr << streams.failure().message << '\n';
    return something_is_wrong;
  }
  std::uint64_t faults = 0;
  std::uint64_t spools = 0;
  std::uint64_t open = 0;
  for (const hydrant::StreamJournalView& stream : streams.value()) {
    std::cout << stream.stream << ": " << stream.spools.size() << " spools\n";
    for (const hydrant::SpoolView& spool : stream.spools) {
      ++spools;
      open += spool.open;
      if (!only_faults) {
        print(spool, env.wall_now());
      }
      for (const std::string& fault : spool.faults) {
        std::cout << "  " << spool.name << "/" << fault << '\n';
        ++faults;
      }
    }
    if (stream.set_aside != 0) {
      std::cout << "  " << stream.set_aside << " files are set aside\n";
      faults += stream.set_aside;
    }
  }
  std::cout << "spools=" << spools << " to_deliver=" << open << " faults=" << faults << '\n';
  return faults == 0 || !only_faults ? all_is_well : something_is_wrong;
}

/// Goes on from the journal as the stream itself would, but delivers into a directory.
int drain(const std::string& directory, const std::string& stream_name, const std::string& to) {
  using namespace std::chrono_literals;
  hydrant::StreamOptions options{.name = stream_name};
  options.journal.directory = directory;
  hydrant::DeliveryStream stream{
      options, hydrant::identity,
      hydrant::ObjectSink{hydrant::DirectoryStore{to + "/data"}, hydrant::Lines{},
                          hydrant::Uncompressed{}},
      hydrant::error_output(hydrant::ObjectSink{hydrant::DirectoryStore{to + "/errors"},
                                                hydrant::Lines{}, hydrant::Uncompressed{}})};
  const hydrant::DeliveryReport report = stream.close(1h);
  std::cout << report << '\n';
  return report.complete ? all_is_well : something_is_wrong;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  try {
    if (words.size() == 2 && (words[0] == "inspect" || words[0] == "verify")) {
      return look(words[1], words[0] == "verify");
    }
    if (words.size() == 5 && words[0] == "drain" && words[3] == "--to") {
      return drain(words[1], words[2], words[4]);
    }
  } catch (const hydrant::OptionsError& error) {
    std::cerr << error.what() << '\n';
    return something_is_wrong;
  }
  std::cerr << "usage: journal inspect DIR | verify DIR | drain DIR STREAM --to DIR\n";
  return wrong_usage;
}
