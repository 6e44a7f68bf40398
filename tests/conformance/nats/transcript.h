#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::conformance {

// The minor versions of nats-server 2 that were the first to
inline constexpr int kConnectInfoSince = 12;  // send a second INFO, to clients that expect one, and
inline constexpr int kNatsSubjectSince = 12;  // name the subject in the status of no responders.

// What a server does with raw bytes, as nats-server was observed to do it.
struct Transcript {
  static constexpr int kForever = 1000;

  std::string name;   // CamelCase, for GoogleTest
  std::string input;  // sent after INFO was read
  std::string output;
  bool closes = false;
  // The minor versions of nats-server 2 that do so: those from `since` on and before `until`.
  int since = 0;
  int until = kForever;

  bool AppliesTo(int minor_version) const {
    return minor_version >= since && minor_version < until;
  }

  friend std::ostream& operator<<(std::ostream& out, const Transcript& transcript) {
    return out << transcript.name;
  }
};

// Every behaviour of core NATS that was recorded, for a server with max_payload 1024 and without
// credentials.
const std::vector<Transcript>& Transcripts();
// The max_payload that the transcripts assume.
inline constexpr int kTranscriptMaxPayload = 1024;

// The minor version of nats-server 2 that the server at `address` claims to be; -1 if it says none.
int MinorVersion(std::string_view address);

// What came out of a server: its bytes after INFO, and whether it closed the connection. Of further
// INFO lines only what can change while a client is connected: `INFO {"ldm":true}`.
struct Outcome {
  std::string output;
  bool closed = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return out << '"' << outcome.output << '"' << (outcome.closed ? " CLOSED" : "");
  }
};

// Plays a transcript to the server at `address`, whole or a byte at a time.
enum class Pace { kAtOnce, kByteByByte };
Outcome Play(const Transcript& transcript, std::string_view address, Pace pace = Pace::kAtOnce);

}  // namespace wherry::conformance
