// `wherry exec`, and servers that end with whoever started them.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/server_process.h"

namespace wherry::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Optional;

TEST(WherryExec, TheCommandFindsItsBroker) {
  ServerProcess server({"exec", "--", "/bin/sh", "-c",
                        "echo $WHERRY_NATS_URL $WHERRY_KAFKA_BOOTSTRAP $WHERRY_HTTP_URL"});
  EXPECT_THAT(server.AwaitExit(), Optional(0)) << server.Errors();
  EXPECT_THAT(server.Output(),
              MatchesRegex("nats://127.0.0.1:[0-9]+ 127.0.0.1:[0-9]+ http://127.0.0.1:[0-9]+\n"));
  EXPECT_EQ(server.Errors(), "");
}

TEST(WherryExec, EndsAsTheCommandDoes) {
  ServerProcess failed({"exec", "--", "/bin/sh", "-c", "exit 7"});
  EXPECT_THAT(failed.AwaitExit(), Optional(7));
  ServerProcess killed({"exec", "--", "/bin/sh", "-c", "kill -9 $$"});
  EXPECT_THAT(killed.AwaitExit(), Optional(128 + SIGKILL));
  ServerProcess missing({"exec", "--", "no-such-program"});
  EXPECT_THAT(missing.AwaitExit(), Optional(127));
  EXPECT_THAT(missing.Errors(), AllOf(HasSubstr("no-such-program"), HasSubstr("No such file")));
  ServerProcess broken({"exec", "--listen", "gopher://127.0.0.1:70", "--", "true"});
  EXPECT_THAT(broken.AwaitExit(), Optional(2));
}

TEST(WherryExec, PassesSignalsOn) {
  ServerProcess server({"exec", "--", "/bin/sh", "-c",
                        "trap 'exit 9' TERM; echo ready >&2; while :; do read line; done"});
  ASSERT_TRUE(server.AwaitErrors("ready"));
  server.Signal(SIGTERM);
  EXPECT_THAT(server.AwaitExit(), Optional(9));
}

TEST(WherryServer, EndsWhenItsInputDoes) {
  ServerProcess server({"--ephemeral", "--ready-fd", "3", "--exit-with-parent"});
  ASSERT_NE(server.AwaitReady(), "") << server.Errors();
  server.CloseInput();
  EXPECT_THAT(server.AwaitExit(), Optional(0)) << server.Errors();
}

// A process that starts a server, as a test in another language does, and tells its number.
[[noreturn]] void StartAndWait(int ready, int tell) {
  int input[2];
  if (pipe2(input, O_CLOEXEC) != 0) _exit(1);
  const pid_t server = fork();
  if (server == 0) {
    dup2(input[0], STDIN_FILENO);
    dup2(ready, 9);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execl(WHERRY_SERVER, WHERRY_SERVER, "--ephemeral", "--ready-fd", "9", "--exit-with-parent",
          nullptr);
    _exit(1);
  }
  close(ready);
  if (write(tell, &server, sizeof(server)) < 0) _exit(1);
  while (true) pause();
}

TEST(WherryServer, AKilledParentLeavesNoServer) {
  int ready[2], tell[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(tell, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) StartAndWait(ready[1], tell[1]);
  close(ready[1]);
  close(tell[1]);
  pid_t server = -1;
  ASSERT_EQ(read(tell[0], &server, sizeof(server)), static_cast<ssize_t>(sizeof(server)));
  char first = 0;
  ASSERT_EQ(read(ready[0], &first, 1), 1) << "the server did not start";
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, server, 0));
  ASSERT_GE(watch, 0);
  pollfd ended{watch, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 0) << "it ended before its parent";
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_EQ(poll(&ended, 1, 30000), 1) << "it outlives its parent";
  for (const int descriptor : {ready[0], tell[0], watch}) close(descriptor);
}

}  // namespace
}  // namespace wherry::server
