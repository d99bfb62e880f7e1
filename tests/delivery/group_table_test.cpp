// SPDX-License-Identifier: MIT
//
// Groups of outputs by key: the table against a map of the standard library.
#include <hydrant/delivery/group_table.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "test.hpp"

using hydrant::detail::GroupTable;

TEST_CASE("groups are numbered as their keys first come, whatever was there before",
          "[delivery][partitions]") {
  std::mt19937_64 random(11);
  GroupTable table;
  for (const std::uint64_t keys : {1u, 3u, 50u, 5000u, 2u, 20000u, 7u}) {
    table.clear();
    REQUIRE(table.empty());
    std::map<std::string, std::uint32_t> model;
    std::vector<std::string> in_order;
    for (int i = 0; i < 30000; ++i) {
      std::string key = std::to_string(random() % keys);
      key.insert(0, 1, '\0');
      if (random() % 64 == 0) {
        key.clear();
      }
      const auto [at, is_new] = model.try_emplace(key, static_cast<std::uint32_t>(in_order.size()));
      if (is_new) {
        in_order.push_back(key);
      }
      REQUIRE(table.number_of(key) == at->second);
    }
    REQUIRE(table.size() == in_order.size());
    for (std::size_t number = 0; number < in_order.size(); ++number) {
      REQUIRE(table.key_of(table[number]) == in_order[number]);
      REQUIRE(table[number].next == 0);
      REQUIRE(table[number].end == 0);
    }
  }
}
