// A NATS connection from its bytes to its answers, over a pair of sockets: in any pieces a client's
// bytes are answered as in one, and so are large payloads, which are read into their own buffer.
//
// Input: a byte that seeds the sizes of the pieces, then the stream, in which each byte 1 stands
// for a run of 9,000 bytes.

#include <string>

#include "broker/nats/server.h"
#include "protocol/nats/parser.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/shard_loop.h"

namespace wherry::nats {
namespace {

constexpr std::size_t kRun = 9000;
constexpr std::size_t kMaxStream = 48 * 1024;   // less than a socket holds: a write never waits
constexpr std::size_t kMaxAnswers = 96 * 1024;  // so that none is dropped when the client ends

std::string Expand(std::string_view bytes) {
  std::string stream;
  for (const char byte : bytes) {
    if (byte == '\1') {
      stream.append(kRun, 'x');
    } else {
      stream.push_back(byte);
    }
    if (stream.size() > kMaxStream) break;
  }
  return stream;
}

// No member of a queue group is chosen (that is random), and the answers stay small.
bool CanCompare(std::string_view stream) {
  Parser parser{ParseLimits{}};
  Operation operation;
  std::size_t subscriptions = 1, answers = stream.size();
  while (parser.Next(stream, operation) == Parser::Result::kOperation) {
    if (!operation.queue.empty()) return false;
    if (operation.verb == Verb::kSub) ++subscriptions;
    if (operation.verb == Verb::kPub) answers += subscriptions * (operation.payload.size() + 100);
  }
  return answers <= kMaxAnswers;
}

// What the server says to the stream, cut by `seed` (0: not at all), but for INFO, which counts
// clients.
std::string Answers(fuzz::ShardLoop& loop, std::string_view stream, std::uint32_t seed) {
  const auto configuration = std::make_shared<Configuration>();
  configuration->authenticator = Authenticator::Create({}).value();
  core::BackgroundThread thread;
  PasswordChecker checker(thread);
  Server server(configuration, {&loop.shard()}, {checker, nullptr, nullptr});
  const int fd = loop.Connect([&](net::Connection& connection) {
    return server.MakeSession(connection, server.global_account());
  });
  while (seed != 0 && !stream.empty()) {
    seed = seed * 1664525 + 1013904223;
    // Small pieces, but of a long stream larger ones.
    const std::size_t size = 1 + (seed >> 8) % (61 + stream.size() / 8);
    const std::string_view piece = stream.substr(0, size);
    fuzz::SendAll(fd, piece);
    loop.Settle();
    stream.remove_prefix(piece.size());
  }
  fuzz::SendAll(fd, stream);
  ::shutdown(fd, SHUT_WR);
  std::string answers = fuzz::ReceiveAll(fd);
  ::close(fd);
  loop.CloseAll();
  FUZZ_CHECK(server.global_account().subscription_count() == 0);
  FUZZ_CHECK(server.connection_count() == 0);
  while (answers.starts_with("INFO ")) answers.erase(0, answers.find('\n') + 1);
  return answers;
}

}  // namespace
}  // namespace wherry::nats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::nats;  // NOLINT
  static wherry::fuzz::ShardLoop& loop = *new wherry::fuzz::ShardLoop;
  wherry::fuzz::Input input(data, size);
  const std::uint32_t seed = input.Byte() + 1u;
  const std::string stream = Expand(input.rest());
  if (stream.size() > kMaxStream || !CanCompare(stream)) return 0;
  const std::string whole = Answers(loop, stream, 0);
  const std::string pieces = Answers(loop, stream, seed);
  if (whole != pieces) {
    std::fprintf(stderr, "in one: %s\nin pieces: %s\n", whole.c_str(), pieces.c_str());
  }
  FUZZ_CHECK(whole == pieces);
  return 0;
}
