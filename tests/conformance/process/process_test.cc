// Brokers as parts of a process: its children, its forks, its other brokers, its descriptors.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_client.h"
#include "tests/conformance/support/child_process.h"
#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::ptrdiff_t EntriesOf(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}
std::ptrdiff_t OpenDescriptors() { return EntriesOf("/proc/self/fd"); }

// The kernel takes a thread off the list a moment after it was joined.
bool AwaitThreads(std::ptrdiff_t count) {
  const Deadline deadline;
  while (EntriesOf("/proc/self/task") != count) {
    if (deadline.Passed()) return false;
    ::usleep(1000);
  }
  return true;
}

// Runs `body` in a forked child and returns its exit status, -1 if a signal ended it. The child
// leaves by _exit: GoogleTest, and the clients' threads, belong to the parent.
template <typename Body>
int StatusOfFork(Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    // A child that hangs is a failure, not a test that never ends.
    ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(kPatience).count() + 1));
    ::_exit(body());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ExpectRoundTrip(Broker& broker) {
  const NatsConnection client = Connect(broker.Url("nats"));
  const NatsSub subscription = Subscribe(client, "round.trip");
  Publish(client, "round.trip", "there");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("there"));
}

TEST(BrokerProcess, AnExecutedChildHoldsNoPortAfterStop) {
  std::optional<Broker> broker = Broker::Start({}).value();
  const std::vector<std::string> urls = broker->Urls();
  ASSERT_FALSE(urls.empty());
  // An accepted connection's socket would hold the port just as the listener's does.
  RawSocket client(broker->Address("nats"));
  ASSERT_TRUE(client.AwaitText("INFO "));

  ChildProcess child({"sleep", "600"});
  ASSERT_GT(child.pid(), 0);
  std::size_t sockets = 0;
  const std::string folder = "/proc/" + std::to_string(child.pid()) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (target.starts_with("socket:")) ++sockets;
  }
  EXPECT_EQ(sockets, 0u) << "the child inherited a socket";

  EXPECT_TRUE(broker->Stop().ok());
  broker.reset();
  EXPECT_TRUE(client.AwaitClosed());
  for (const std::string& url : urls) {
    EXPECT_TRUE(CanListen(PortOf(url))) << url;
    EXPECT_TRUE(Broker::Start({.listen = {url}}).ok()) << url;
  }
  EXPECT_FALSE(child.AwaitExit(std::chrono::milliseconds(0)).has_value()) << "sleep has ended";
}

TEST(BrokerProcess, AForkThatExitsLeavesTheParentAlone) {
  Broker broker = Broker::Start({}).value();
  const NatsConnection client = Connect(broker.Url("nats"));
  const NatsSub subscription = Subscribe(client, "during");
  EXPECT_EQ(StatusOfFork([] { return 7; }), 7);
  Publish(client, "during", "still here");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("still here"));
}

TEST(BrokerProcess, DestructorsInAForkOnlyCloseDescriptors) {
  std::optional<Broker> broker = Broker::Start({}).value();
  const NatsConnection client = Connect(broker->Url("nats"));
  const NatsSub subscription = Subscribe(client, "during");
  EXPECT_EQ(StatusOfFork([&] {
              const std::ptrdiff_t before = OpenDescriptors();
              broker.reset();
              return OpenDescriptors() < before ? 0 : 1;
            }),
            0);
  // The connection that was open, and new ones, work as before.
  Publish(client, "during", "still here");
  EXPECT_THAT(NextPayloads(subscription, 1), ElementsAre("still here"));
  ExpectRoundTrip(*broker);
  EXPECT_TRUE(broker->Stop().ok());
}

TEST(BrokerProcess, AForkedChildThatDroppedItsBrokerHoldsNoPort) {
  std::optional<Broker> broker = Broker::Start({}).value();
  const std::string url = broker->Url("nats");
  int ready[2];
  int finish[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(finish, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(finish[1]);
    broker.reset();
    char byte = 'r';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(finish[0], &byte, 1) == 0 ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  char byte = 0;
  ::close(ready[1]);
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  broker.reset();
  EXPECT_TRUE(CanListen(PortOf(url)));
  ::close(finish[1]);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(ready[0]);
  ::close(finish[0]);
}

TEST(BrokerProcess, TwoBrokersDoNotHearEachOther) {
  Broker red = Broker::Start({}).value();
  Broker blue = Broker::Start({}).value();
  EXPECT_NE(red.Url("nats"), blue.Url("nats"));
  const NatsConnection to_red = Connect(red.Url("nats"));
  const NatsConnection to_blue = Connect(blue.Url("nats"));
  const NatsSub at_red = Subscribe(to_red, "colour");
  const NatsSub at_blue = Subscribe(to_blue, "colour");
  Publish(to_red, "colour", "red");
  Publish(to_blue, "colour", "blue");
  ASSERT_TRUE(red.nats().Publish("colour", "red, direct").ok());
  EXPECT_THAT(NextPayloads(at_red, 2), UnorderedElementsAre("red", "red, direct"));
  EXPECT_THAT(NextPayloads(at_blue, 1), ElementsAre("blue"));
  Flush(to_blue);
  EXPECT_THAT(ArrivedPayloads(at_blue), IsEmpty());

  // One ends, the other does not notice.
  EXPECT_TRUE(red.Stop().ok());
  Publish(to_blue, "colour", "alone");
  EXPECT_THAT(NextPayloads(at_blue, 1), ElementsAre("alone"));
}

TEST(BrokerProcess, ManyBrokersInARowLeaveNothingBehind) {
  // The first makes what stays for the process: the resolver's files, the allocator's arenas.
  { Broker first = Broker::Start({}).value(); }
  const std::ptrdiff_t descriptors = OpenDescriptors();
  const std::ptrdiff_t threads = EntriesOf("/proc/self/task");
  for (int i = 0; i < 100; ++i) {
    Broker broker = Broker::Start({}).value();
    RawSocket client(broker.Address("nats"));
    ASSERT_TRUE(client.AwaitText("INFO "));
    // Every second one is stopped by its destructor, with a client connected.
    if (i % 2 == 0) {
      ASSERT_TRUE(broker.Stop().ok());
      ASSERT_TRUE(client.AwaitClosed());
    }
  }
  EXPECT_EQ(OpenDescriptors(), descriptors);
  EXPECT_TRUE(AwaitThreads(threads)) << EntriesOf("/proc/self/task") << " instead of " << threads;
}

}  // namespace
}  // namespace wherry::conformance
