// Goes on with a StoreScript in a store until it is killed, says how many steps of it are kept, and
// once to a descriptor that there are so many that it may be killed:
//   store_writer FOLDER SEED STEPS-MADE kernel|synced STEPS-WANTED DESCRIPTOR
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "tests/crash/store_limits.h"
#include "tests/crash/store_script.h"

int main(int argc, char** argv) {
  using wherry::storage::Durability;
  if (argc != 7) return EXIT_FAILURE;
  const auto store = wherry::storage::OpenDiskLogStore(argv[1], wherry::crash::kSmallJournals);
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    return EXIT_FAILURE;
  }
  const bool synced = std::string(argv[4]) == "synced";
  const Durability durability = synced ? Durability::kSynced : Durability::kKernel;
  wherry::crash::StoreScript script(static_cast<std::uint32_t>(std::stoul(argv[2])));
  const int made = std::stoi(argv[3]), wanted = std::stoi(argv[5]);
  while (script.steps() < made) static_cast<void>(script.Step(nullptr, durability));
  bool told = false;
  while (true) {
    const absl::Status status = script.Step(store->get(), durability);
    if (!status.ok()) {
      std::cerr << "step " << script.steps() << ": " << status << "\n";
      return EXIT_FAILURE;
    }
    // A commit makes durable what came before it too.
    if (synced && !script.committed()) continue;
    const std::string line = std::to_string(script.steps()) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return EXIT_FAILURE;
    if (script.steps() < wanted || std::exchange(told, true)) continue;
    if (::write(std::stoi(argv[6]), "\n", 1) < 0) return EXIT_FAILURE;
  }
}
