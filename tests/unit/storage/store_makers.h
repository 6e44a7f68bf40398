#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "storage/delaying_log_store.h"
#include "storage/fault_log_store.h"
#include "storage/memory_log_store.h"
#include "storage/disk_log_store.h"

// The stores that the typed suites run on. Threads: the test's.
namespace wherry::storage {

// A folder of its own, gone with its owner.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "wherry-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Memory {
  std::unique_ptr<LogStore> store = std::make_unique<MemoryLogStore>();
  // What a restart does to the store; in memory there is none.
  void Reopen() {}
};

struct Disk {
  TestFolder folder;
  std::unique_ptr<DiskLogStore> store = OpenDiskLogStore(folder.path()).value();
  void Reopen() {}
};

// The same, closed and opened again at every step that the test marks.
struct DiskReopened {
  TestFolder folder;
  std::unique_ptr<DiskLogStore> store = OpenDiskLogStore(folder.path()).value();
  void Reopen() {
    store = nullptr;
    store = OpenDiskLogStore(folder.path()).value();
  }
};

// One that keeps nothing in its journal but the batches of some size, and seals all the time, or at
// every step that the test marks.
struct DiskSealed {
  static constexpr JournalLimits kAlways{.file_bytes = 64, .min_kept_bytes = 8};
  static constexpr JournalLimits kWhenAsked{.min_kept_bytes = 8};
  TestFolder folder;
  std::unique_ptr<DiskLogStore> store = OpenDiskLogStore(folder.path(), kAlways).value();
  bool always = true;
  void Reopen() {
    EXPECT_TRUE(store->Seal().ok());
    always = !always;
    store = nullptr;
    store = OpenDiskLogStore(folder.path(), always ? kAlways : kWhenAsked).value();
  }
};

// A disk whose gates are open until a test closes them.
struct Delaying {
  std::unique_ptr<LogStore> store =
      std::make_unique<DelayingLogStore>(std::make_unique<MemoryLogStore>());
  void Reopen() {}
};

// A disk that loses power, behind a sync, at every step that the test marks.
struct PowerLost {
  std::unique_ptr<FaultLogStore> store = std::make_unique<FaultLogStore>();
  void Reopen() {
    EXPECT_TRUE(store->Sync().ok());
    store->LosePower();
  }
};

inline Bytes BytesOf(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace wherry::storage
