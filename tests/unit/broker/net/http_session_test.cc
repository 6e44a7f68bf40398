#include "broker/net/http_session.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "broker/runtime/shard.h"

namespace wherry::net {
namespace {

using ::testing::HasSubstr;

// One HTTP connection over a pair of sockets. "/later" is answered when the test says so.
class HttpSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_ = ends[0];
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    shard_.Start();
    shard_.Post([this, fd = ends[1]] {
      connections_.Adopt(fd, Endpoint(), Endpoint(), [this](Connection& connection) {
        return MakeHttpSession(connection, handler_);
      });
    });
  }
  void TearDown() override {
    if (client_ >= 0) ::close(client_);
    On([this] { connections_.CloseAll(); });
    shard_.Stop();
  }

  template <typename Step>
  void On(Step step) {
    std::promise<void> done;
    shard_.Post([&] {
      step();
      done.set_value();
    });
    done.get_future().wait();
  }
  void Send(const std::string& text) {
    ASSERT_EQ(::write(client_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // Reads until the text has come; all that was read since the last call.
  std::string ReadUntil(const std::string& text) {
    std::string got;
    char buffer[4096];
    while (got.find(text) == std::string::npos) {
      const ssize_t size = ::read(client_, buffer, sizeof(buffer));
      if (size <= 0) break;
      got.append(buffer, static_cast<std::size_t>(size));
    }
    return got;
  }
  // Waits until `count` requests have been held back, and answers the one at `index`.
  void AwaitHeld(std::size_t count) {
    std::size_t held = 0;
    while (held < count) On([&] { held = held_.size(); });
  }
  void AnswerHeld(std::size_t index, const std::string& body) {
    On([&] { held_[index].Send({200, "text/plain", body, {{"X-Kind", "late"}}}); });
  }

  int client_ = -1;
  runtime::RealClock clock_;
  runtime::Shard shard_{0, clock_, 1};
  ConnectionSet connections_{shard_};
  std::vector<std::string> handled_;
  std::vector<HttpReply> held_;
  const HttpHandler handler_ = [this](const HttpRequest& request, const HttpReply& reply) {
    handled_.push_back(request.path);
    if (request.path == "/later") {
      held_.push_back(reply);
    } else {
      reply.Send({200, "text/plain", "now " + request.path + "?" + request.query, {}});
    }
  };
};

std::string Get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

TEST_F(HttpSessionTest, AnswersAtOnce) {
  Send(Get("/a?b=1"));
  const std::string got = ReadUntil("now /a?b=1");
  EXPECT_THAT(got, HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(got, HasSubstr("Content-Length: 10\r\n"));
}

TEST_F(HttpSessionTest, AnswersLater) {
  Send(Get("/later"));
  AwaitHeld(1);
  AnswerHeld(0, "at last");
  EXPECT_THAT(ReadUntil("at last"), HasSubstr("X-Kind: late\r\n"));
  // Read again behind it, and a second answer to the same request is nobody's.
  AnswerHeld(0, "once more");
  Send(Get("/b"));
  EXPECT_THAT(ReadUntil("now /b"), ::testing::Not(HasSubstr("once more")));
}

TEST_F(HttpSessionTest, RequestsThatComeTogetherAreAnsweredInOrder) {
  Send(Get("/1") + Get("/later") + Get("/2") + Get("/later") + Get("/3"));
  AwaitHeld(1);
  EXPECT_THAT(handled_, ::testing::ElementsAre("/1", "/later"));
  AnswerHeld(0, "first");
  AwaitHeld(2);
  AnswerHeld(1, "second");
  const std::string got = ReadUntil("now /3");
  std::vector<std::size_t> at;
  for (const char* const text : {"now /1", "first", "now /2", "second", "now /3"}) {
    at.push_back(got.find(text));
    EXPECT_NE(at.back(), std::string::npos) << text;
  }
  EXPECT_TRUE(std::is_sorted(at.begin(), at.end()));
}

TEST_F(HttpSessionTest, AReplyOutlivesItsConnection) {
  Send(Get("/later"));
  AwaitHeld(1);
  On([this] { connections_.CloseAll(); });
  std::size_t left = 1;
  while (left > 0) On([&] { left = connections_.size(); });
  AnswerHeld(0, "to nobody");
}

TEST_F(HttpSessionTest, HeadHasNoBody) {
  Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + Get("/b"));
  const std::string got = ReadUntil("now /b");
  EXPECT_THAT(got, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(got, ::testing::Not(HasSubstr("now /a")));
}

TEST_F(HttpSessionTest, RefusesWhatIsNoHttp) {
  Send("nonsense\r\n\r\n");
  EXPECT_THAT(ReadUntil("bad request"), HasSubstr("HTTP/1.1 400 Bad Request"));
}

}  // namespace
}  // namespace wherry::net
