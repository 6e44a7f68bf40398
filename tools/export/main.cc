// wherry-export: moves what a Wherry server holds of Kafka's to a real Kafka cluster.
// Exit status: 0 when everything is copied and checked, 1 if not, 2 if the arguments are wrong.
#include <signal.h>

#include <atomic>
#include <cstdio>

#include "tools/export/export.h"
#include "tools/export/options.h"

namespace {

std::atomic<bool> stop = false;

void Stop(int signal_number) {
  stop = true;
  signal(signal_number, SIG_DFL);  // a second one ends it at once
}

}  // namespace

int main(int argc, char** argv) {
  int exit_status = 0;
  const auto options = wherry::exporting::ReadCommandLine(argc, argv, exit_status);
  if (!options.has_value()) return exit_status;
  signal(SIGINT, Stop);
  signal(SIGTERM, Stop);
  const wherry::Status status = wherry::exporting::Export(*options, stop);
  if (status.ok()) return 0;
  std::fprintf(stderr, "wherry-export: %s\n", status.message().c_str());
  return 1;
}
