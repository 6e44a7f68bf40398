#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::conformance {

// What a server does with raw bytes, as nats-server was observed to do it.
struct Transcript {
  std::string name;   // CamelCase, for GoogleTest
  std::string input;  // sent after INFO was read
  std::string output;
  bool closes = false;

  friend std::ostream& operator<<(std::ostream& out, const Transcript& transcript) {
    return out << transcript.name;
  }
};

// Every behaviour of core NATS that was recorded, for a server with max_payload 1024 and without
// credentials.
const std::vector<Transcript>& Transcripts();
// The max_payload that the transcripts assume.
inline constexpr int kTranscriptMaxPayload = 1024;

// What came out of a server: its bytes after INFO, and whether it closed the connection.
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
