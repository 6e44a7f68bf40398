// What wherry/c.h has for tests: faults, holds, crashes, waiting and the clock.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/c_abi/expect.h"

// A NATS client that has sent `text`.
static int ClientThatSent(wherry_namespace* space, const char* text) {
  char* error = NULL;
  char* address = NULL;
  EXPECT_OK(wherry_address(space, "nats", &address, &error));
  struct sockaddr_in to;
  memset(&to, 0, sizeof(to));
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1));
  wherry_free(address);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT(connect(client, (struct sockaddr*)&to, sizeof(to)) == 0);
  EXPECT(write(client, text, strlen(text)) == (ssize_t)strlen(text));
  return client;
}

static void TestFaults(wherry_namespace* space) {
  char* error = NULL;
  uint64_t id = 0;
  const char lost[] = "{\"on\": \"nats.PUB\", \"times\": 1, \"drop\": true}";
  EXPECT_OK(wherry_fault_add(space, lost, strlen(lost), &id, &error));
  EXPECT(id != 0);
  wherry_subscription* subscription = NULL;
  EXPECT_OK(wherry_nats_subscribe(space, "s", NULL, &subscription, &error));
  const int client = ClientThatSent(
      space, "CONNECT {\"verbose\":false}\r\nPUB s 1\r\n1\r\nPUB s 1\r\n2\r\n");
  wherry_message* message = NULL;
  EXPECT_OK(wherry_subscription_next(subscription, 20000, &message, &error));
  EXPECT(strcmp(wherry_message_payload(message, NULL), "2") == 0);
  wherry_message_free(message);
  wherry_subscription_free(subscription);
  EXPECT_OK(wherry_fault_remove(space, id, &error));
  ExpectFailure(wherry_fault_remove(space, id, &error), WHERRY_NOT_FOUND, &error, "");
  const char wrong[] = "{\"on\": \"nats.SING\", \"drop\": true}";
  ExpectFailure(wherry_fault_add(space, wrong, strlen(wrong), NULL, &error),
                WHERRY_INVALID_ARGUMENT, &error, "nats.SING");
  EXPECT_OK(wherry_faults_clear(space, &error));
  close(client);
}

static void TestHold(wherry_namespace* space) {
  char* error = NULL;
  wherry_hold* hold = NULL;
  const char point[] = "{\"on\": \"nats.PUB\"}";
  EXPECT_OK(wherry_hold_new(space, point, strlen(point), &hold, &error));
  ExpectFailure(wherry_hold_wait(hold, 1, 1, &error), WHERRY_DEADLINE_EXCEEDED, &error, "0");
  const int client =
      ClientThatSent(space, "CONNECT {\"verbose\":false}\r\nPUB s 1\r\n1\r\nSUB s 1\r\n");
  EXPECT_OK(wherry_hold_wait(hold, 1, 20000, &error));
  wherry_hold_free(hold);
  wherry_hold_free(NULL);
  EXPECT_OK(wherry_await(space, "nats.subscribed s", 20000, &error));
  close(client);
  EXPECT_OK(wherry_await(space, "connections nats 0", 20000, &error));
  EXPECT_OK(wherry_await_idle(space, 20000, &error));
  ExpectFailure(wherry_await(space, "nats.subscribed s", 1, &error), WHERRY_DEADLINE_EXCEEDED,
                &error, "s");
  ExpectFailure(wherry_await(space, "nats.happy", 1, &error), WHERRY_INVALID_ARGUMENT, &error,
                "nats.happy");
}

static void TestLint(wherry_namespace* space) {
  char* error = NULL;
  char* findings = NULL;
  const int client = ClientThatSent(space, "CONNECT {\"verbose\":false}\r\nSUB s 1\r\n");
  EXPECT_OK(wherry_await(space, "nats.subscribed s", 20000, &error));
  EXPECT_OK(wherry_lint(space, &findings, &error));
  EXPECT(strstr(findings, "\"leaked_connection\"") != NULL);
  wherry_free(findings);
  close(client);
}

static void TestCrash(wherry_broker* broker) {
  char* error = NULL;
  wherry_namespace* space = wherry_default_namespace(broker);
  EXPECT_OK(wherry_kafka_create_topic(space, "kept", 1, &error));
  EXPECT_OK(wherry_kafka_append(space, "kept", 0, NULL, 0, "v", 1, NULL, NULL, &error));
  EXPECT_OK(wherry_crash(broker, NULL, &error));
  wherry_records* records = NULL;
  ExpectFailure(wherry_kafka_records(space, "kept", 0, &records, &error), WHERRY_UNAVAILABLE,
                &error, "");
  EXPECT_OK(wherry_restart(broker, &error));
  EXPECT_OK(wherry_kafka_records(space, "kept", 0, &records, &error));
  EXPECT(wherry_records_count(records) == 1);
  wherry_records_free(records);
  ExpectFailure(wherry_crash(broker, "gently", &error), WHERRY_INVALID_ARGUMENT, &error, "gently");
}

static void TestClock(wherry_broker* broker) {
  char* error = NULL;
  char* fired = NULL;
  int64_t before = 0;
  int64_t after = 0;
  EXPECT_OK(wherry_clock_now_ms(broker, &before, &error));
  EXPECT_OK(wherry_clock_advance_ms(broker, 3600000, 1, &fired, &error));
  EXPECT(strncmp(fired, "{\"fired\":[", 10) == 0);
  wherry_free(fired);
  EXPECT_OK(wherry_clock_now_ms(broker, &after, &error));
  EXPECT(after - before == 3600000);
  const int status = wherry_clock_advance_to_next(broker, 0, NULL, &error);
  EXPECT(status == WHERRY_OK || status == WHERRY_NOT_FOUND);
  wherry_free(error);
}

int main(void) {
  char* error = NULL;
  wherry_options* options = wherry_options_new();
  EXPECT_OK(wherry_options_set(options, "simulated_disk", "true", &error));
  EXPECT_OK(wherry_options_set(options, "clock", "virtual", &error));
  EXPECT_OK(wherry_options_set(options, "history", "100", &error));
  wherry_broker* broker = NULL;
  EXPECT_OK(wherry_start(options, &broker, &error));
  wherry_options_free(options);
  wherry_namespace* space = wherry_default_namespace(broker);
  TestFaults(space);
  TestHold(space);
  TestLint(space);
  TestCrash(broker);
  TestClock(broker);
  wherry_broker_free(broker);
  return 0;
}
