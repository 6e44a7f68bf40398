// wherry/c.h as a C11 program meets it: compiled with -std=c11 -pedantic, and run.
#include <string.h>

#include "tests/c_abi/expect.h"

static wherry_broker* StartBroker(void) {
  char* error = NULL;
  wherry_options* options = wherry_options_new();
  EXPECT_OK(wherry_options_set(options, "kafka.default_partitions", "2", &error));
  EXPECT_OK(wherry_options_set(options, "nats.max_payload", "1000", &error));
  EXPECT_OK(wherry_options_set(options, "sync", "os", &error));
  ExpectFailure(wherry_options_set(options, "colour", "blue", &error), WHERRY_INVALID_ARGUMENT,
                &error, "colour");
  ExpectFailure(wherry_options_set(options, "threads", "many", &error), WHERRY_INVALID_ARGUMENT,
                &error, "many");
  ExpectFailure(wherry_options_set(options, "sync", "never", &error), WHERRY_INVALID_ARGUMENT,
                &error, "commit, interval, os");
  wherry_broker* broker = NULL;
  EXPECT_OK(wherry_start(options, &broker, &error));
  wherry_options_free(options);
  return broker;
}

static void TestStart(void) {
  char* error = NULL;
  EXPECT(strcmp(wherry_status_name(WHERRY_NOT_FOUND), "not_found") == 0);
  EXPECT(strcmp(wherry_status_name(WHERRY_INTERNAL), "internal") == 0);
  EXPECT(strcmp(wherry_status_name(1000), "unknown") == 0);
  EXPECT(strchr(wherry_version(), '.') != NULL);

  wherry_options* options = wherry_options_new();
  EXPECT_OK(wherry_options_set(options, "listen", "gopher://127.0.0.1:0", &error));
  wherry_broker* broker = (wherry_broker*)&error;  // something that must be overwritten
  ExpectFailure(wherry_start(options, &broker, &error), WHERRY_INVALID_ARGUMENT, &error, "gopher");
  EXPECT(broker == NULL);
  EXPECT(wherry_start(options, &broker, NULL) == WHERRY_INVALID_ARGUMENT);
  wherry_options_free(options);

  EXPECT_OK(wherry_start(NULL, &broker, &error));
  wherry_namespace* space = wherry_default_namespace(broker);
  char* url = NULL;
  char* address = NULL;
  EXPECT_OK(wherry_url(space, "kafka", &url, &error));
  EXPECT_OK(wherry_address(space, "kafka", &address, &error));
  EXPECT(strncmp(url, "kafka://127.0.0.1:", 18) == 0 && strcmp(url + 8, address) == 0);
  wherry_free(url);
  wherry_free(address);
  ExpectFailure(wherry_url(space, "amqp", &url, &error), WHERRY_NOT_FOUND, &error, "amqp");
  EXPECT(url == NULL);
  EXPECT_OK(wherry_stop(broker, &error));
  EXPECT_OK(wherry_stop(broker, &error));
  ExpectFailure(wherry_nats_publish(space, "s", "p", 1, &error), WHERRY_UNAVAILABLE, &error,
                "stopped");
  wherry_broker_free(broker);
}

static void TestNats(wherry_namespace* space) {
  char* error = NULL;
  wherry_subscription* subscription = NULL;
  EXPECT_OK(wherry_nats_subscribe(space, "orders.*", NULL, &subscription, &error));
  EXPECT_OK(wherry_nats_publish(space, "orders.new", "a\0b", 3, &error));
  wherry_message* message = NULL;
  EXPECT_OK(wherry_subscription_next(subscription, 20000, &message, &error));
  size_t size = 0;
  EXPECT(strcmp(wherry_message_subject(message), "orders.new") == 0);
  EXPECT(strcmp(wherry_message_reply(message), "") == 0);
  EXPECT(memcmp(wherry_message_payload(message, &size), "a\0b", 4) == 0 && size == 3);
  EXPECT(strcmp(wherry_message_headers(message, &size), "") == 0 && size == 0);
  wherry_message_free(message);
  ExpectFailure(wherry_subscription_next(subscription, 1, &message, &error),
                WHERRY_DEADLINE_EXCEEDED, &error, "1 ms");
  EXPECT(message == NULL);
  wherry_subscription_free(subscription);

  ExpectFailure(wherry_nats_request(space, "nobody", NULL, 0, 1000, &message, &error),
                WHERRY_UNAVAILABLE, &error, "nobody");
  ExpectFailure(wherry_nats_subscribe(space, "a..b", NULL, &subscription, &error),
                WHERRY_INVALID_ARGUMENT, &error, "a..b");
  EXPECT(subscription == NULL);
  char large[1001] = {0};
  ExpectFailure(wherry_nats_publish(space, "s", large, sizeof(large), &error),
                WHERRY_INVALID_ARGUMENT, &error, "1000");
}

static void TestKafka(wherry_namespace* space) {
  char* error = NULL;
  EXPECT_OK(wherry_kafka_create_topic(space, "orders", -1, &error));
  ExpectFailure(wherry_kafka_create_topic(space, "orders", 1, &error), WHERRY_ALREADY_EXISTS,
                &error, "orders");
  EXPECT_OK(wherry_kafka_move_leader(space, "orders", 0, 1, &error));
  ExpectFailure(wherry_kafka_move_leader(space, "orders", 0, 2, &error), WHERRY_INVALID_ARGUMENT,
                &error, "no node 2");
  EXPECT_OK(wherry_kafka_stop_node(space, 1, &error));
  EXPECT_OK(wherry_kafka_start_node(space, 1, &error));
  int32_t partition = -1;
  int64_t offset = -1;
  EXPECT_OK(wherry_kafka_append(space, "orders", 1, "k", 1, NULL, 0, &partition, &offset, &error));
  EXPECT(partition == 1 && offset == 0);
  EXPECT_OK(wherry_kafka_append(space, "orders", 0, NULL, 0, "v\0w", 3, NULL, NULL, &error));

  wherry_records* records = NULL;
  EXPECT_OK(wherry_kafka_records(space, "orders", -1, &records, &error));
  EXPECT(wherry_records_count(records) == 2);
  size_t size = 0;
  EXPECT(wherry_record_partition(records, 0) == 0 && wherry_record_offset(records, 0) == 0);
  EXPECT(wherry_record_key(records, 0, &size) == NULL && size == 0);
  EXPECT(memcmp(wherry_record_value(records, 0, &size), "v\0w", 4) == 0 && size == 3);
  EXPECT(wherry_record_timestamp_ms(records, 0) > 0);
  EXPECT(wherry_record_partition(records, 1) == 1);
  EXPECT(strcmp(wherry_record_key(records, 1, NULL), "k") == 0);
  EXPECT(wherry_record_value(records, 1, &size) == NULL);
  EXPECT(wherry_record_partition(records, 2) == -1 && wherry_record_key(records, 2, &size) == NULL);
  wherry_records_free(records);
  ExpectFailure(wherry_kafka_records(space, "none", -1, &records, &error), WHERRY_NOT_FOUND, &error,
                "none");
  EXPECT(records == NULL);
}

static void TestCall(wherry_namespace* space) {
  char* error = NULL;
  char* answer = NULL;
  size_t size = 0;
  const char json[] = "{\"topic\": \"called\", \"value\": \"v\", \"headers\": "
                      "[{\"name\": \"h\", \"value\": \"x\"}]}";
  EXPECT_OK(wherry_kafka_create_topic(space, "called", 1, &error));
  EXPECT_OK(wherry_call(space, "kafka.append", json, strlen(json), &answer, &size, &error));
  EXPECT(strcmp(answer, "{\"partition\":0,\"offset\":0}") == 0 && size == strlen(answer));
  wherry_free(answer);
  EXPECT_OK(wherry_call(space, "broker.info", NULL, 0, NULL, NULL, &error));
  ExpectFailure(wherry_call(space, "kafka.explode", NULL, 0, &answer, &size, &error),
                WHERRY_NOT_FOUND, &error, "kafka.explode");
  EXPECT(answer == NULL);

  wherry_records* records = NULL;
  EXPECT_OK(wherry_kafka_records(space, "called", 0, &records, &error));
  EXPECT(wherry_record_header_count(records, 0) == 1);
  EXPECT(strcmp(wherry_record_header_name(records, 0, 0), "h") == 0);
  EXPECT(strcmp(wherry_record_header_value(records, 0, 0, &size), "x") == 0 && size == 1);
  EXPECT(wherry_record_header_name(records, 0, 1) == NULL);
  wherry_records_free(records);
}

static void TestNamespaces(wherry_broker* broker) {
  char* error = NULL;
  wherry_namespace* one = NULL;
  wherry_namespace* two = NULL;
  EXPECT_OK(wherry_namespace_new(broker, "one", &one, &error));
  EXPECT_OK(wherry_namespace_new(broker, "two", &two, &error));
  wherry_namespace* again = two;
  ExpectFailure(wherry_namespace_new(broker, "two", &again, &error), WHERRY_ALREADY_EXISTS, &error,
                "two");
  EXPECT(again == NULL);
  wherry_namespace_free(two);
  char* url = NULL;
  char* other = NULL;
  EXPECT_OK(wherry_url(one, "nats", &url, &error));
  EXPECT_OK(wherry_url(wherry_default_namespace(broker), "nats", &other, &error));
  EXPECT(strcmp(url, other) != 0);
  wherry_free(url);
  wherry_free(other);
  EXPECT_OK(wherry_kafka_create_topic(one, "mine", 1, &error));
  wherry_records* records = NULL;
  ExpectFailure(wherry_kafka_records(wherry_default_namespace(broker), "mine", 0, &records, &error),
                WHERRY_NOT_FOUND, &error, "mine");
  char* answer = NULL;
  EXPECT_OK(wherry_call(one, "kafka.topics", NULL, 0, &answer, NULL, &error));
  EXPECT(strcmp(answer, "{\"topics\":[\"mine\"]}") == 0);
  wherry_free(answer);
  EXPECT_OK(wherry_reset(one, &error));
  EXPECT_OK(wherry_call(one, "kafka.topics", NULL, 0, &answer, NULL, &error));
  EXPECT(strcmp(answer, "{\"topics\":[]}") == 0);
  wherry_free(answer);
  wherry_namespace_free(one);
  EXPECT_OK(wherry_namespace_new(broker, "one", &one, &error));
  wherry_namespace_free(one);
}

int main(void) {
  TestStart();
  wherry_broker* broker = StartBroker();
  wherry_namespace* space = wherry_default_namespace(broker);
  TestNats(space);
  TestKafka(space);
  TestCall(space);
  TestNamespaces(broker);
  wherry_broker_free(broker);
  wherry_broker_free(NULL);
  wherry_namespace_free(NULL);
  wherry_options_free(NULL);
  wherry_subscription_free(NULL);
  wherry_message_free(NULL);
  wherry_records_free(NULL);
  wherry_free(NULL);
  return 0;
}
