#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace wherry::crash {

// What a disk would hold after a loss of power, for a program that has been killed.
//
// The program runs with a library before its C library (sync_recorder.c), which records what it
// syncs, creates, renames and deletes. Lose() then leaves of each file what was synced, and of the
// rest some first part, as a torn last write does, now and then with zeros behind it; a file whose
// directory was not synced since it was created is gone, one that was renamed or deleted since may
// be back. Not covered: sectors that are written out of order, and what a disk loses although it
// was told to sync.
//
// Threads: one at a time. Owned by the test.
class LostPower {
 public:
  // `folder`: an empty one of ours, on the disk that holds the program's data.
  LostPower(std::string folder, std::uint32_t seed);

  // For the program: what loads the recorder, and says where it records.
  std::vector<std::string> Environment() const;

  // The program is dead: takes from its files what was not synced.
  void Lose();

  // How many were lost so far, to tell that there were any.
  std::uint64_t lost_bytes() const { return lost_bytes_; }

 private:
  // A rename or deletion that its directory does not hold yet.
  struct Change {
    std::string kept;  // what was there before, by another name; "": nothing
    std::string from;  // of a rename
    std::string to;
  };

  void Read();
  void UndoChanges();
  void Cut(const std::string& path, std::uint64_t synced);
  bool Coin() { return random_() % 2 == 0; }

  const std::string folder_;
  std::mt19937 random_;
  std::map<std::string, std::uint64_t> synced_;  // bytes, by path
  std::map<std::string, bool> created_;          // false: its directory is synced
  std::vector<Change> changes_;
  std::uint64_t lost_bytes_ = 0;
};

}  // namespace wherry::crash
