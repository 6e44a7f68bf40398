#include "tests/crash/lost_power.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace wherry::crash {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kSector = 512;

}  // namespace

LostPower::LostPower(std::string folder, std::uint32_t seed)
    : folder_(std::move(folder)), random_(seed) {
  fs::create_directories(folder_);
}

std::vector<std::string> LostPower::Environment() const {
  // A program with AddressSanitizer would not have anybody before its own library.
  return {std::string("LD_PRELOAD=") + WHERRY_SYNC_RECORDER, "WHERRY_SYNC_RECORD=" + folder_,
          "ASAN_OPTIONS=verify_asan_link_order=0"};
}

// A line a call: what it was, its number if it has one, and its path or paths, with tabs between.
void LostPower::Read() {
  std::ifstream record(folder_ + "/record");
  for (std::string line; std::getline(record, line);) {
    std::istringstream fields(line);
    std::string call, number, path, other;
    std::getline(fields, call, '\t');
    std::getline(fields, number, '\t');
    std::getline(fields, path, '\t');
    std::getline(fields, other, '\t');
    if (call == "synced") {
      synced_[path] = std::max<std::uint64_t>(synced_[path], std::stoull(number));
    } else if (call == "created") {
      created_[path] = true;
      synced_[path] = 0;
    } else if (call == "directory") {
      for (auto& [file, fresh] : created_) {
        if (fs::path(file).parent_path() == path) fresh = false;
      }
      std::erase_if(changes_, [&path](const Change& change) {
        return fs::path(change.to).parent_path() == path;
      });
    } else if (call == "renamed") {
      changes_.push_back({number == "-" ? "" : folder_ + "/" + number, path, other});
      synced_[other] = std::exchange(synced_[path], 0);
      created_[other] = std::exchange(created_[path], false);
    } else if (call == "linked") {
      synced_[other] = synced_[path];
      created_[other] = true;
    } else if (call == "deleted") {
      changes_.push_back({number == "-" ? "" : folder_ + "/" + number, "", path});
      created_.erase(path);
    }
  }
}

// From the last one on back, until one has reached the disk: a journal keeps their order.
void LostPower::UndoChanges() {
  while (!changes_.empty() && Coin()) {
    const Change change = std::move(changes_.back());
    changes_.pop_back();
    if (!change.from.empty()) {
      fs::rename(change.to, change.from);
      synced_[change.from] = std::exchange(synced_[change.to], 0);
    }
    if (change.kept.empty()) continue;
    fs::rename(change.kept, change.to);
    // It was whole before.
    synced_[change.to] = fs::file_size(change.to);
  }
}

void LostPower::Cut(const std::string& path, std::uint64_t synced) {
  const std::uint64_t size = fs::file_size(path);
  if (size <= synced) return;
  std::uint64_t kept = synced + random_() % (size - synced + 1);
  const bool zeros = random_() % 3 == 0;
  // The size was written, and the bytes were not, by whole sectors.
  if (zeros) kept = std::max(synced, kept / kSector * kSector);
  lost_bytes_ += size - kept;
  fs::resize_file(path, kept);
  if (zeros) fs::resize_file(path, size);
}

void LostPower::Lose() {
  Read();
  UndoChanges();
  for (const auto& [path, fresh] : created_) {
    if (!fs::is_regular_file(path)) continue;
    if (fresh && Coin()) {
      fs::remove(path);
    } else {
      Cut(path, synced_[path]);
    }
  }
  // What is left is on the disk now.
  for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry.path());
  for (auto& [path, fresh] : created_) {
    if (fs::is_regular_file(path)) synced_[path] = fs::file_size(path);
    fresh = false;
  }
  changes_.clear();
}

}  // namespace wherry::crash
