#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace wherry::kafka {

// How the records of a batch are compressed: bits 0-2 of its attributes. 5, 6 and 7 are none.
enum class Codec : std::uint8_t { kNone, kGzip, kSnappy, kLz4, kZstd };

// What one batch may grow to. Clients send about 1 MiB at most unless they are told otherwise; a
// bomb of 1 MiB would be 1 GiB.
inline constexpr std::size_t kMaxDecompressedBytes = 64 * 1024 * 1024;

// In the form that the Java client writes: snappy in its block stream, LZ4 as a frame of
// independent blocks of 64 KiB. kNone gives the bytes back.
absl::StatusOr<std::string> Compress(Codec codec, std::string_view bytes);

// Takes every form that clients send: snappy as a block stream or raw, gzip, LZ4 and zstd in one or
// more members or frames. No size that the bytes declare makes it take memory beyond max_bytes
// (zstd's window aside, see codec.cc).
// Errors: kDataLoss for bytes that the codec does not understand or that end too early,
// kResourceExhausted where more than max_bytes would come out.
absl::StatusOr<std::string> Decompress(Codec codec, std::string_view bytes,
                                       std::size_t max_bytes = kMaxDecompressedBytes);

}  // namespace wherry::kafka
