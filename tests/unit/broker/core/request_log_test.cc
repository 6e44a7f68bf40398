#include "broker/core/request_log.h"

#include <thread>

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoggedRequest Request(std::string operation) { return {.operation = std::move(operation)}; }

std::vector<std::string> OperationsOf(const RequestLog& log) {
  std::vector<std::string> operations;
  for (const LoggedRequest& request : log.All()) operations.push_back(request.operation);
  return operations;
}

TEST(RequestLogTest, KeepsTheNewestInTheirOrder) {
  RequestLog log(2);
  EXPECT_EQ(log.Add(Request("a")), 1u);
  EXPECT_EQ(log.Add(Request("b")), 2u);
  EXPECT_EQ(log.Add(Request("c")), 3u);
  EXPECT_THAT(OperationsOf(log), ElementsAre("b", "c"));
  EXPECT_EQ(log.All().front().sequence, 2u);
  EXPECT_EQ(log.added(), 3u);
}

TEST(RequestLogTest, WhatIsForgottenCannotBeAmended) {
  RequestLog log(2);
  for (const char* operation : {"a", "b", "c"}) log.Add(Request(operation));
  int amended = 0;
  for (const std::uint64_t sequence : {0u, 1u, 2u, 3u, 4u}) {
    log.Amend(sequence, [&](LoggedRequest& request) {
      ++amended;
      request.error = std::to_string(sequence);
    });
  }
  EXPECT_EQ(amended, 2);
  EXPECT_EQ(log.All().front().error, "2");
  EXPECT_EQ(log.All().back().error, "3");
}

TEST(RequestLogTest, SequencesGoOnBehindAClear) {
  RequestLog log(3);
  log.Add(Request("a"));
  log.Clear();
  EXPECT_THAT(log.All(), IsEmpty());
  log.Amend(1, [](LoggedRequest&) { ADD_FAILURE() << "it is gone"; });
  EXPECT_EQ(log.Add(Request("b")), 2u);
  log.Amend(2, [](LoggedRequest& request) { request.answered = true; });
  EXPECT_TRUE(log.All().front().answered);
}

TEST(RequestLogTest, ALargePayloadIsCut) {
  RequestLog log(1);
  log.Add({.payload = std::string(LoggedRequest::kMaxPayload + 1, 'x')});
  EXPECT_EQ(log.All().front().payload.size(), LoggedRequest::kMaxPayload);
}

TEST(RequestLogTest, ThreadsAddAtOnceAndEachGetsItsOwn) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kRequests = 500;
  RequestLog log(kThreads * kRequests);
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&log, name = std::to_string(thread)] {
      for (std::size_t i = 0; i < kRequests; ++i) {
        const std::uint64_t sequence = log.Add(Request(name));
        log.Amend(sequence, [&](LoggedRequest& request) { request.client = name; });
      }
    });
  }
  threads.clear();
  const std::vector<LoggedRequest> all = log.All();
  ASSERT_EQ(all.size(), kThreads * kRequests);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].sequence, i + 1);
    EXPECT_EQ(all[i].client, all[i].operation);
  }
}

}  // namespace
}  // namespace wherry::core
