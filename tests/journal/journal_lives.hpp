// SPDX-License-Identifier: MIT
//
// Lives of a journal without a stream around it: spools with a few chunks that
// a test fills by hand, and what a later life finds of them.
#pragma once

#include <hydrant/journal/journal.hpp>
#include <hydrant/testing/manual_env.hpp>

#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "journal/chunk_file.hpp"

namespace hydrant::tests {

using detail::FoundChunk;
using detail::FoundCounts;
using detail::Journal;
using detail::Spool;
using detail::SpoolIdentity;
using detail::Track;

inline constexpr const char* journal_top = "lake/orders.journal";

inline Result<std::shared_ptr<Journal>> open_journal(const testing::ManualEnv& env,
                                                     bool shared = false,
                                                     ByteCount disk_limit = {}) {
  JournalOptions options;
  options.directory = "lake";
  options.shared = shared;
  options.disk_limit = disk_limit;
  return Journal::open(make_world(env), options, "orders");
}

/// Begins a life. Its spool is named after the epoch.
inline void begin_life(Journal& journal, std::uint64_t epoch, std::int64_t created_at = 0) {
  SpoolIdentity identity;
  identity.epoch = epoch;
  identity.created_at = WallTime(std::chrono::milliseconds(created_at));
  journal.begin_life(std::move(identity));
}

/// Puts a chunk into a file of its own. Returns: its memory, null when there is no room.
inline std::byte* put_chunk(Journal& journal, const ChunkText& text) {
  const auto blocks = journal.make_blocks(block_bytes, 1);
  if (blocks.memory != nullptr) {
    const std::string block = block_of(text);
    std::memcpy(blocks.memory, block.data(), block.size());
  }
  return blocks.memory;
}

/// A process that has put "a0", "a1", ... of shard 0, two a chunk, and died.
inline void live_and_die(const testing::ManualEnv& env, std::uint64_t epoch,
                         std::uint64_t chunk_count = 2, std::int64_t created_at = 0) {
  const auto journal = std::move(open_journal(env, true).value());
  begin_life(*journal, epoch, created_at);
  for (std::uint64_t i = 0; i < chunk_count; ++i) {
    const std::string first = "a" + std::to_string(2 * i);
    const std::string second = "a" + std::to_string(2 * i + 1);
    put_chunk(*journal, {.records = {first, second}, .first_sequence = 2 * i, .epoch = epoch});
  }
}

/// What a life has found, and what of it has not ended.
struct FoundSpools {
  std::vector<std::shared_ptr<Spool>> spools;
  FoundCounts counts;
  std::multiset<std::string> open;
  std::vector<std::pair<Spool*, std::byte*>> blocks;
  std::string trouble;

  /// Every record ends, and the spools go.
  void end_all() {
    for (const auto& spool : spools) {
      for (std::uint64_t record = 0; record < 100; ++record) {
        if (!spool->manifest().settled_of(Track::main, 0).contains(record)) {
          spool->manifest().done(Track::main, 0, record, record + 1);
        }
      }
    }
    for (const auto& [spool, memory] : blocks) {
      spool->free_block(memory, block_bytes);
    }
    for (const auto& spool : spools) {
      spool->remove();
    }
  }
};

inline FoundSpools find(Journal& journal) {
  FoundSpools found;
  for (auto& spool : journal.adopt()) {
    Status read = spool->read(
        found.counts,
        [&](const FoundChunk& chunk) {
          found.blocks.emplace_back(spool.get(), chunk.memory);
          chunk.for_each_run([&](std::uint32_t first, std::uint32_t last) {
            const std::vector<std::string> texts = texts_of(chunk, first, last);
            for (std::uint32_t i = 0; i < texts.size(); ++i) {
              if (!spool->manifest()
                       .settled_of(Track::main, chunk.shard)
                       .contains(chunk.first_sequence + first + i)) {
                found.open.insert(texts[i]);
              }
            }
          });
        },
        [] {});
    if (read) {
      found.spools.push_back(std::move(spool));
    } else {
      found.trouble = read.failure().message;
    }
  }
  if (const std::string trouble = journal.take_trouble(); !trouble.empty()) {
    found.trouble = trouble;
  }
  return found;
}

}  // namespace hydrant::tests
