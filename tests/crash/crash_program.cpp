// SPDX-License-Identifier: MIT
//
// Kills real processes at random moments and counts what became of their
// records. One life of a victim puts records from some threads into a stream
// with a journal, delivers into directories, and is killed in the middle; the
// next life goes on from the journal. After some lives one is left to end in
// peace, and everything that any put has accepted must be in the lake or in the
// error output, once, and where there is a backup once in that.
//
//     crash_program --runs 1000 [--seed S] [--forks 0] --dir DIR
//
// Last line of its output: `runs=N accepted=N lost=N doubled=N`. Exit status 0
// only when nothing was lost or doubled.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "crash_lake.hpp"
#include "crash_victim.hpp"
#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

namespace fs = std::filesystem;
using hydrant::tests::GroupPlan;
using hydrant::tests::LifePlan;
using hydrant::tests::Seen;
using hydrant::tests::Verdict;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

pid_t start(const GroupPlan& group, const LifePlan& plan) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(hydrant::tests::Victim(group, plan).live());
  }
  return child;
}

/// Waits for every descendant. Returns: whether one ended otherwise than it should.
bool wait_for_all(bool must_end_in_peace) {
  bool is_right = true;
  int status = 0;
  while (::wait(&status) > 0) {
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    is_right = is_right && (ended_well || (was_killed && !must_end_in_peace));
  }
  return is_right;
}

/// Some lives on one directory, and the account of their records.
class Group {
 public:
  Group(const fs::path& dir, bool forks, std::mt19937_64& dice) : forks_(forks), dice_(dice) {
    plan_.dir = dir;
    plan_.transforms = dice() % 2 == 0;
    plan_.backs_up = dice() % 3 == 0;
    plan_.is_shared = dice() % 3 == 0;
    fs::remove_all(dir);
    fs::create_directories(dir);
  }

  Verdict run(std::uint64_t lives) {
    for (std::uint64_t life = 0; life < lives; ++life) {
      start(plan_, draw_life());
      if (plan_.is_shared && dice_() % 2 == 0) {
        start(plan_, draw_life());
      }
      if (!wait_for_all(false)) {
        give_up("a life of " + plan_.dir.string() + " did not end as it should");
      }
    }
    // The last but one may end while a thread of its is still removing files: the last removes
    // them.
    for (int i = 0; i < 2; ++i) {
      start(plan_, {.process = next_++, .seed = dice_(), .is_last = true});
      if (!wait_for_all(true)) {
        give_up("the last life of " + plan_.dir.string() + " did not deliver everything");
      }
    }
    expect_nothing_left();
    return judge();
  }

 private:
  LifePlan draw_life() {
    LifePlan plan{.process = next_++, .seed = dice_()};
    if (dice_() % 3 == 0 && forks_) {
      plan.child = next_++;
    }
    return plan;
  }

  void expect_nothing_left() const {
    for (const auto& left : fs::directory_iterator(plan_.dir / "journal" / "crash.journal")) {
      if (left.path().filename() != "lock") {
        give_up("left behind: " + left.path().string());
      }
    }
  }

  Verdict judge() const {
    Seen delivered;
    delivered.count_lake(plan_.dir / "lake", false);
    delivered.count_lake(plan_.dir / "errors", true);
    Seen backed_up;
    backed_up.count_lake(plan_.dir / "backup", false);
    Verdict all;
    for (std::uint64_t process = 0; process < next_; ++process) {
      all += delivered.judge(plan_.dir, process);
      if (plan_.backs_up) {
        Verdict backup = backed_up.judge(plan_.dir, process);
        backup.accepted = 0;
        all += backup;
      }
    }
    return all;
  }

  GroupPlan plan_;
  const bool forks_;  // whether victims do
  std::mt19937_64& dice_;
  std::uint64_t next_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t runs = 100;
  std::uint64_t seed = std::random_device()();
  bool forks = true;
  fs::path dir;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    if (name == "--runs") {
      runs = std::strtoull(arguments[i + 1], nullptr, 10);
    } else if (name == "--seed") {
      seed = std::strtoull(arguments[i + 1], nullptr, 10);
    } else if (name == "--forks") {
      forks = std::string(arguments[i + 1]) != "0";
    } else if (name == "--dir") {
      dir = arguments[i + 1];
    }
  }
  if (dir.empty()) {
    std::cerr << "usage: crash_program --runs N [--seed S] [--forks 0] --dir DIR\n";
    return 2;
  }
  std::cout << "seed " << seed << std::endl;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // the victims' children are waited for here
  std::mt19937_64 dice(seed);
  Verdict all;
  std::uint64_t done = 0;
  while (done < runs && all.lost + all.doubled == 0) {
    const std::uint64_t lives = std::min<std::uint64_t>(runs - done, 1 + dice() % 20);
    all += Group(dir / "group", forks, dice).run(lives);
    done += lives;
  }
  std::cout << "runs=" << done << " accepted=" << all.accepted << " lost=" << all.lost
            << " doubled=" << all.doubled << std::endl;
  return all.lost + all.doubled == 0 ? 0 : 1;
}
