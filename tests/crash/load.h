#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/crashable.h"

namespace wherry::crash {

// Producers that write as fast as they are answered, so that a crash finds commits under way.
// Threads: starts its own; everything else one at a time. Owned by the test.
class Load final : public Crashable {
 public:
  Load(Crashable& server, int producers);
  ~Load() override;

  std::string address() const override { return server_.address(); }
  // The server crashes under them, and they go on.
  void Crash() override;
  // Ends them, and checks that every record that was acknowledged is there, as it was, at its
  // offset.
  void StopAndCheck();

  std::size_t acknowledged() const { return acknowledged_; }

 private:
  void Produce(int number);
  void Stop();

  Crashable& server_;
  std::vector<std::map<std::int64_t, std::string>> written_;  // by producer: by offset
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> acknowledged_ = 0;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  int crashes_ = 0;
  bool up_ = true;
  bool stopping_ = false;
};

}  // namespace wherry::crash
