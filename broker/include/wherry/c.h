#pragma once

// Wherry for C, and for every language that can call C. Plain C11.
//
// Conventions:
//  1. Handles (wherry_broker and so on) are opaque. Whoever made one ends it, with the function
//     named in its comment; every ending function takes NULL and does nothing.
//  2. A function that can fail returns a status: 0 (WHERRY_OK), or why it failed.
//  3. Its last parameter `char** error` may be NULL. After a failure *error is a sentence for
//     people, UTF-8, to be freed with wherry_free; after a success it is NULL.
//  4. Results come through pointers, which may be NULL where nobody wants them. They are written
//     after a success only, but that a handle or text which did not come to be is NULL.
//  5. Names, URLs and messages are UTF-8 and end with a NUL. Bytes (payloads, keys, values) and
//     JSON have their size beside them and may hold a NUL; a text that is given out ends with a NUL
//     besides, which its size does not count. NULL bytes are a Kafka null, where Kafka has one.
//  6. Text that is given out with `char**` is freed with wherry_free; what is given out with `const
//     char*` belongs to the handle it came from and lives as long.
//  7. Durations are whole milliseconds or nanoseconds, as their names say. Times are of the Unix
//     epoch.
//  8. Options are set by key and value, so that new ones change no structure.
//  9. Nothing calls back. What waits says how long at most.
// 10. Every function may be called from any thread, a handle that is not a broker or a namespace
//     from one thread at a time. A handle is not used while or after it is ended.
// 11. What has no function of its own here is reached by name with wherry_call.
// 12. `since` is the version of Wherry in which a function came. Functions, their parameters and
//     the numbers below do not change within a version 0.x, and from 1.0 on not at all.
// 13. A handle is of the process that made it: a child made by fork uses none of them and ends by
//     _exit or exec.

#include <stddef.h>
#include <stdint.h>

#define WHERRY_C_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// Why a call failed. since: 0.1
enum {
  WHERRY_OK = 0,
  WHERRY_INVALID_ARGUMENT = 1,     // a value that can never work; the error names it
  WHERRY_NOT_FOUND = 2,            // nothing of that name
  WHERRY_ALREADY_EXISTS = 3,       // the name is taken
  WHERRY_FAILED_PRECONDITION = 4,  // right call, wrong time
  WHERRY_OUT_OF_RANGE = 5,         // an offset outside what the log keeps
  WHERRY_RESOURCE_EXHAUSTED = 6,   // a limit was reached
  WHERRY_DEADLINE_EXCEEDED = 7,    // the time passed first
  WHERRY_UNAVAILABLE = 8,          // nobody there: no responders, a port in use, a stopped broker
  WHERRY_PERMISSION_DENIED = 9,    // the operating system or the configuration refuses it
  WHERRY_DATA_LOSS = 10,           // stored bytes do not match their checksum
  WHERRY_INTERNAL = 11             // a defect in Wherry; please report it
};

typedef struct wherry_options wherry_options;            // how a broker is to run
typedef struct wherry_broker wherry_broker;              // a running broker
typedef struct wherry_namespace wherry_namespace;        // topics, groups and subjects of their own
typedef struct wherry_hold wherry_hold;                  // operations that wait at a place
typedef struct wherry_subscription wherry_subscription;  // an interest in NATS subjects
typedef struct wherry_message wherry_message;            // a NATS message
typedef struct wherry_records wherry_records;            // Kafka records

// The library's version, "0.1.0". since: 0.1
WHERRY_C_EXPORT const char* wherry_version(void);

// A status as a word, "not_found"; "unknown" for a number that is none. since: 0.1
WHERRY_C_EXPORT const char* wherry_status_name(int status);

// Frees text that a function gave out with `char**`. since: 0.1
WHERRY_C_EXPORT void wherry_free(void* memory);

// ---- Options

// Options of a broker for a test: in memory, on free ports of 127.0.0.1. Ended by
// wherry_options_free. since: 0.1
WHERRY_C_EXPORT wherry_options* wherry_options_new(void);
WHERRY_C_EXPORT void wherry_options_free(wherry_options* options);

// Sets one option. Keys and values:
//   data_dir                   a folder; "": in memory
//   sync                       commit, interval, os
//   listen                     a URL as "nats://127.0.0.1:0"; each call adds one to those before
//   advertise                  "host" or "host:port" that Kafka clients are told
//   threads                    a number; 0: as many as cores, at most 8
//   memory_limit               bytes; 0: none
//   history                    how many of the clients' latest operations are remembered; 0: none
//   clock                      real, virtual
//   simulated_disk             true, false: a disk in memory, for crashes
//   control                    off, loopback, everywhere: where HTTP offers /control
//   kafka.default_partitions   a number
//   kafka.nodes                a number, 1 to 100
//   kafka.strict               true, false: whether more replicas than nodes are refused
//   kafka.auto_create_topics   true, false
//   kafka.initial_rebalance_delay_ms   a number: how long a new group waits for more members
//   kafka.tls_cert_file, kafka.tls_key_file, kafka.tls_ca_file   PEM files, for kafka+ssl://...
//   kafka.client_auth          none, requested, required: whether clients show a certificate
//   kafka.user                 "name:password" or "namespace/name:password", for
//                              kafka+sasl_plaintext://...; each call adds one
//   kafka.sasl_mechanism       PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER; each call adds one
//   kafka.max_reauth_ms        a number; 0: a client says once who it is
//   kafka.authorizer           true, false: whether ACLs hold
//   kafka.super_user           a principal like "User:admin"; each call adds one
//   kafka.allow_everyone_if_no_acl_found   true, false
//   nats.token, nats.user, nats.password, nats.server_name
//   nats.max_payload, nats.max_pending, nats.max_connections   numbers
// WHERRY_INVALID_ARGUMENT: no such key, or a value it cannot have. since: 0.1
WHERRY_C_EXPORT int wherry_options_set(wherry_options* options, const char* key, const char* value,
                                       char** error);

// ---- A broker

// Starts a broker; when it returns, all listeners accept. `options` NULL: the defaults; they are
// copied. Ended by wherry_broker_free. Statuses: as wherry::Broker::Start. since: 0.1
WHERRY_C_EXPORT int wherry_start(const wherry_options* options, wherry_broker** broker,
                                 char** error);

// Closes listeners and connections and ends the threads; functions called later answer
// WHERRY_UNAVAILABLE. A second call does nothing. since: 0.1
WHERRY_C_EXPORT int wherry_stop(wherry_broker* broker, char** error);

// Stops a broker that was not stopped, and ends it with its default namespace. All else that it
// gave out stays and is ended on its own. since: 0.1
WHERRY_C_EXPORT void wherry_broker_free(wherry_broker* broker);

// The namespace that the broker's own URLs lead to. It belongs to the broker. since: 0.1
WHERRY_C_EXPORT wherry_namespace* wherry_default_namespace(wherry_broker* broker);

// A namespace of its own in a broker, with listeners of its own on every protocol: what a test
// needs, for a fraction of the price of a broker. Ended with all it holds by wherry_namespace_free,
// which does nothing to a default namespace; before or after its broker. WHERRY_ALREADY_EXISTS: the
// name is taken. since: 0.1
WHERRY_C_EXPORT int wherry_namespace_new(wherry_broker* broker, const char* name,
                                         wherry_namespace** space, char** error);
WHERRY_C_EXPORT void wherry_namespace_free(wherry_namespace* space);

// As new, at the same ports: connections are closed; subscriptions, topics, groups and offsets are
// gone. since: 0.1
WHERRY_C_EXPORT int wherry_reset(wherry_namespace* space, char** error);

// The first URL of a protocol ("nats", "kafka", "http"): "nats://127.0.0.1:41233".
// WHERRY_NOT_FOUND: it does not listen there. since: 0.1
WHERRY_C_EXPORT int wherry_url(wherry_namespace* space, const char* protocol, char** url,
                               char** error);

// The same as "127.0.0.1:41233": what Kafka clients call bootstrap.servers. since: 0.1
WHERRY_C_EXPORT int wherry_address(wherry_namespace* space, const char* protocol, char** address,
                                   char** error);

// ---- Every verb by name

// Runs a control operation: wherry_call(space, "nats.publish", json, size, ...) with the JSON
// object {"subject": "s", "payload": "p"}. No JSON (size 0) stands for {}. *answer is a JSON
// object; its size is in *answer_size. The operation "broker.operations" answers with all there
// are. WHERRY_NOT_FOUND: no such operation. since: 0.1
WHERRY_C_EXPORT int wherry_call(wherry_namespace* space, const char* operation, const char* json,
                                size_t json_size, char** answer, size_t* answer_size,
                                char** error);

// ---- Time: the broker's one clock. To move it, it needs the option clock = virtual.

// The broker's time. since: 0.1
WHERRY_C_EXPORT int wherry_clock_now_ms(wherry_broker* broker, int64_t* now_ms, char** error);

// Moves a virtual clock; with `liveness` not 0 for connected clients too, as if they said nothing
// meanwhile. *fired, which may be NULL, is {"fired": [{"kind", "label", "in_ms"}]}: the timers that
// fired, in order. WHERRY_FAILED_PRECONDITION: the clock is the machine's. since: 0.1
WHERRY_C_EXPORT int wherry_clock_advance_ms(wherry_broker* broker, int64_t by_ms, int liveness,
                                            char** fired, char** error);

// The same to the next timer. WHERRY_NOT_FOUND: none waits. since: 0.1
WHERRY_C_EXPORT int wherry_clock_advance_to_next(wherry_broker* broker, int liveness, char** fired,
                                                 char** error);

// ---- Waiting, in real time and without polling

// Waits until a condition holds: "kafka.group.stable g 2" and so on, as wherry/await.h lists them.
// WHERRY_DEADLINE_EXCEEDED: it did not; the error says what was seen instead. since: 0.1
WHERRY_C_EXPORT int wherry_await(wherry_namespace* space, const char* condition, int64_t limit_ms,
                                 char** error);

// Waits until all is delivered, acknowledged and committed. WHERRY_DEADLINE_EXCEEDED: the error
// lists what is pending. since: 0.1
WHERRY_C_EXPORT int wherry_await_idle(wherry_namespace* space, int64_t limit_ms, char** error);

// ---- Faults (wherry/faults.h)

// Has something go wrong for clients from now on, as a JSON object says: {"on": "kafka.Produce",
// "topic": "orders", "times": 1, "after_apply": true, "drop": true}; the operation "faults.add" has
// the members. since: 0.1
WHERRY_C_EXPORT int wherry_fault_add(wherry_namespace* space, const char* json, size_t json_size,
                                     uint64_t* id, char** error);
WHERRY_C_EXPORT int wherry_fault_remove(wherry_namespace* space, uint64_t id, char** error);
WHERRY_C_EXPORT int wherry_faults_clear(wherry_namespace* space, char** error);

// Has operations wait that match the JSON object, as above without what is to go wrong, until the
// hold is released by wherry_hold_free, before its namespace is ended. since: 0.1
WHERRY_C_EXPORT int wherry_hold_new(wherry_namespace* space, const char* json, size_t json_size,
                                    wherry_hold** hold, char** error);
// Waits until `count` operations have arrived. WHERRY_DEADLINE_EXCEEDED: the error says how many.
// since: 0.1
WHERRY_C_EXPORT int wherry_hold_wait(wherry_hold* hold, int count, int64_t limit_ms, char** error);
WHERRY_C_EXPORT void wherry_hold_free(wherry_hold* hold);

// Ends the broker as a crash does: connections are reset, the ports refuse, memory is gone. `kind`
// "lose_unsynced" (or NULL): what was not synced is gone too; "keep_written": it is not. since: 0.1
WHERRY_C_EXPORT int wherry_crash(wherry_broker* broker, const char* kind, char** error);

// Starts it again at the same ports, after a crash or in order. since: 0.1
WHERRY_C_EXPORT int wherry_restart(wherry_broker* broker, char** error);

// ---- The end of a test

// What looks wrong at the end of a test (wherry/lint.h): *findings is a JSON array of {"rule",
// "text"}, "[]" if all is well. Waits a little for connections that are being closed. To switch
// rules off, wherry_call(space, "lint", {"allow": [...]}). WHERRY_FAILED_PRECONDITION: the option
// "history" is 0. since: 0.1
WHERRY_C_EXPORT int wherry_lint(wherry_namespace* space, char** findings, char** error);

// ---- NATS

// Publishes; delivered to everybody subscribed at this moment. since: 0.1
WHERRY_C_EXPORT int wherry_nats_publish(wherry_namespace* space, const char* subject,
                                        const void* payload, size_t payload_size, char** error);

// Publishes with a private reply subject and waits for the first answer, ended by
// wherry_message_free. WHERRY_UNAVAILABLE: nobody is subscribed. since: 0.1
WHERRY_C_EXPORT int wherry_nats_request(wherry_namespace* space, const char* subject,
                                        const void* payload, size_t payload_size,
                                        int64_t timeout_ms, wherry_message** answer, char** error);

// Subscribes: messages published after the call gather until wherry_subscription_next takes them.
// `queue` NULL: no queue group. Ended by wherry_subscription_free. since: 0.1
WHERRY_C_EXPORT int wherry_nats_subscribe(wherry_namespace* space, const char* subject,
                                          const char* queue, wherry_subscription** subscription,
                                          char** error);

// The next message, ended by wherry_message_free. WHERRY_DEADLINE_EXCEEDED: none came in time.
// since: 0.1
WHERRY_C_EXPORT int wherry_subscription_next(wherry_subscription* subscription, int64_t timeout_ms,
                                             wherry_message** message, char** error);
WHERRY_C_EXPORT void wherry_subscription_free(wherry_subscription* subscription);

// The parts of a message; headers are the block as on the wire, "" without any. since: 0.1
WHERRY_C_EXPORT const char* wherry_message_subject(const wherry_message* message);
WHERRY_C_EXPORT const char* wherry_message_reply(const wherry_message* message);
WHERRY_C_EXPORT const char* wherry_message_headers(const wherry_message* message, size_t* size);
WHERRY_C_EXPORT const char* wherry_message_payload(const wherry_message* message, size_t* size);
WHERRY_C_EXPORT void wherry_message_free(wherry_message* message);

// ---- Kafka

// Creates a topic; `partitions` -1: as many as the option says. since: 0.1
WHERRY_C_EXPORT int wherry_kafka_create_topic(wherry_namespace* space, const char* topic,
                                              int32_t partitions, char** error);

// For a broker that poses as several (kafka.nodes): as MoveLeader, StopNode and StartNode in
// wherry/kafka.h. since: 0.1
WHERRY_C_EXPORT int wherry_kafka_move_leader(wherry_namespace* space, const char* topic,
                                             int32_t partition, int32_t node, char** error);
WHERRY_C_EXPORT int wherry_kafka_stop_node(wherry_namespace* space, int32_t node, char** error);
WHERRY_C_EXPORT int wherry_kafka_start_node(wherry_namespace* space, int32_t node, char** error);

// Appends one record with the present time and waits until it is committed. `partition` -1 chooses:
// by the key, round robin without one. since: 0.1
WHERRY_C_EXPORT int wherry_kafka_append(wherry_namespace* space, const char* topic,
                                        int32_t partition, const void* key, size_t key_size,
                                        const void* value, size_t value_size,
                                        int32_t* at_partition, int64_t* at_offset, char** error);

// All committed records of a partition, or of all partitions one after the other with -1. Ended by
// wherry_records_free. since: 0.1
WHERRY_C_EXPORT int wherry_kafka_records(wherry_namespace* space, const char* topic,
                                         int32_t partition, wherry_records** records,
                                         char** error);

// The records' number, and the parts of each, from 0 on; NULL is a Kafka null. Asked for an index
// beyond the end, they answer 0, -1 or NULL. since: 0.1
WHERRY_C_EXPORT size_t wherry_records_count(const wherry_records* records);
WHERRY_C_EXPORT int32_t wherry_record_partition(const wherry_records* records, size_t index);
WHERRY_C_EXPORT int64_t wherry_record_offset(const wherry_records* records, size_t index);
WHERRY_C_EXPORT int64_t wherry_record_timestamp_ms(const wherry_records* records, size_t index);
WHERRY_C_EXPORT const char* wherry_record_key(const wherry_records* records, size_t index,
                                              size_t* size);
WHERRY_C_EXPORT const char* wherry_record_value(const wherry_records* records, size_t index,
                                                size_t* size);
WHERRY_C_EXPORT size_t wherry_record_header_count(const wherry_records* records, size_t index);
WHERRY_C_EXPORT const char* wherry_record_header_name(const wherry_records* records, size_t index,
                                                      size_t header);
WHERRY_C_EXPORT const char* wherry_record_header_value(const wherry_records* records, size_t index,
                                                       size_t header, size_t* size);
WHERRY_C_EXPORT void wherry_records_free(wherry_records* records);

#ifdef __cplusplus
}
#endif
