#include "protocol/kafka/codec.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
// The lengths of zlib are 32 bits wide, and so are those of a batch.
constexpr std::size_t kMaxInputBytes = std::numeric_limits<std::int32_t>::max();
// 128 MiB, the window of zstd's highest level. The decoder reserves it as soon as a frame asks for
// it, but touches only what it decodes.
constexpr int kMaxZstdWindowLog = 27;
constexpr int kGzipWindowBits = 15 + 16;  // 16: gzip's header, not zlib's

// The stream of blocks that snappy-java writes: this, version, oldest version that reads it, then
// size (4 bytes, big-endian) and raw snappy, over and over.
constexpr std::string_view kSnappyStreamMagic("\x82SNAPPY\0", 8);
constexpr std::size_t kSnappyBlockBytes = 32 * 1024;
// Three bytes of raw snappy copy 64 at most: what claims to hold more is lying.
constexpr std::size_t kMaxSnappyRatio = 22;

absl::Status Malformed(const char* codec) {
  return absl::DataLossError(std::string("the records are not valid ") + codec);
}

// What a decoder has put out so far, never more than max_bytes.
// Threads: none of its own. Owned by the function that decodes.
class Output {
 public:
  explicit Output(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  char* chunk() { return chunk_.get(); }
  // The first `size` bytes of the chunk are decoded.
  absl::Status Append(std::size_t size) {
    if (size > room()) return TooLarge();
    bytes_.append(chunk_.get(), size);
    return absl::OkStatus();
  }
  // `size` bytes at the end to decode into; size <= room().
  char* Extend(std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + size);
    return bytes_.data() + at;
  }
  absl::Status TooLarge() const {
    return absl::ResourceExhaustedError("the records decompress to more than " +
                                        std::to_string(max_bytes_) + " bytes");
  }
  std::size_t room() const { return max_bytes_ - bytes_.size(); }
  std::string&& Take() { return std::move(bytes_); }

 private:
  std::size_t max_bytes_;
  std::string bytes_;
  std::unique_ptr<char[]> chunk_ = std::make_unique_for_overwrite<char[]>(kChunkBytes);
};

Bytef* AsBytef(const char* bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); }

absl::StatusOr<std::string> CompressGzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return absl::ResourceExhaustedError("no memory for gzip");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = AsBytef(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = AsBytef(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return absl::InternalError("gzip did not finish");
  return out;
}

absl::StatusOr<std::string> DecompressGzip(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) {
    return absl::ResourceExhaustedError("no memory for gzip");
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  Output output(max_bytes);
  stream.next_in = AsBytef(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  while (true) {
    stream.next_out = AsBytef(output.chunk());
    stream.avail_out = kChunkBytes;
    const int result = inflate(&stream, Z_NO_FLUSH);
    // Without input left there is Z_BUF_ERROR: the member is cut short.
    if (result != Z_OK && result != Z_STREAM_END) return Malformed("gzip");
    if (absl::Status status = output.Append(kChunkBytes - stream.avail_out); !status.ok()) {
      return status;
    }
    if (result != Z_STREAM_END) continue;
    if (stream.avail_in == 0) return output.Take();
    if (inflateReset(&stream) != Z_OK) return Malformed("gzip");
  }
}

std::string CompressSnappy(std::string_view bytes) {
  std::string out(kSnappyStreamMagic);
  wire::Writer writer(out);
  writer.Int<std::int32_t>(1);
  writer.Int<std::int32_t>(1);
  while (!bytes.empty()) {
    const std::string_view block = bytes.substr(0, kSnappyBlockBytes);
    bytes.remove_prefix(block.size());
    std::string compressed;
    snappy::Compress(block.data(), block.size(), &compressed);
    writer.Int(static_cast<std::int32_t>(compressed.size()));
    writer.Bytes(compressed);
  }
  return out;
}

absl::Status DecompressSnappyBlock(std::string_view block, Output& output) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) return Malformed("snappy");
  if (size > block.size() * kMaxSnappyRatio) return Malformed("snappy");
  if (size > output.room()) return output.TooLarge();
  if (!snappy::RawUncompress(block.data(), block.size(), output.Extend(size))) {
    return Malformed("snappy");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DecompressSnappy(std::string_view bytes, std::size_t max_bytes) {
  Output output(max_bytes);
  if (!bytes.starts_with(kSnappyStreamMagic)) {
    if (absl::Status status = DecompressSnappyBlock(bytes, output); !status.ok()) return status;
    return output.Take();
  }
  wire::Reader reader(bytes.substr(kSnappyStreamMagic.size()));
  reader.Take(2 * sizeof(std::int32_t));
  while (reader.ok() && !reader.rest().empty()) {
    const std::string_view block = reader.Take(reader.Int<std::uint32_t>());
    if (!reader.ok()) break;
    if (absl::Status status = DecompressSnappyBlock(block, output); !status.ok()) return status;
  }
  if (!reader.ok()) return Malformed("snappy");
  return output.Take();
}

absl::StatusOr<std::string> CompressLz4(std::string_view bytes) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  // The Java client refuses blocks that lean on the one before them.
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  std::string out(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
  const std::size_t size =
      LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
  if (LZ4F_isError(size) != 0) return absl::InternalError(LZ4F_getErrorName(size));
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> DecompressLz4(std::string_view bytes, std::size_t max_bytes) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
    return absl::ResourceExhaustedError("no memory for lz4");
  }
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> end(
      context, LZ4F_freeDecompressionContext);
  Output output(max_bytes);
  while (true) {
    std::size_t produced = kChunkBytes;
    std::size_t consumed = bytes.size();
    const std::size_t wanted =
        LZ4F_decompress(context, output.chunk(), &produced, bytes.data(), &consumed, nullptr);
    if (LZ4F_isError(wanted) != 0) return Malformed("lz4");
    bytes.remove_prefix(consumed);
    if (absl::Status status = output.Append(produced); !status.ok()) return status;
    // 0 is the end of a frame.
    if (wanted == 0 && bytes.empty()) return output.Take();
    if (produced == 0 && consumed == 0) return Malformed("lz4");
  }
}

absl::StatusOr<std::string> CompressZstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size) != 0) return absl::InternalError(ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> DecompressZstd(std::string_view bytes, std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  if (context == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                                                                kMaxZstdWindowLog)) != 0) {
    return absl::ResourceExhaustedError("no memory for zstd");
  }
  Output output(max_bytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{output.chunk(), kChunkBytes, 0};
    const std::size_t before = in.pos;
    const std::size_t wanted = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(wanted) != 0) return Malformed("zstd");
    if (absl::Status status = output.Append(out.pos); !status.ok()) return status;
    // 0 is the end of a frame.
    if (wanted == 0 && in.pos == in.size) return output.Take();
    if (out.pos == 0 && in.pos == before) return Malformed("zstd");
  }
}

}  // namespace

absl::StatusOr<std::string> Compress(Codec codec, std::string_view bytes) {
  if (bytes.size() > kMaxInputBytes) return absl::InvalidArgumentError("too much to compress");
  switch (codec) {
    case Codec::kNone:
      return std::string(bytes);
    case Codec::kGzip:
      return CompressGzip(bytes);
    case Codec::kSnappy:
      return CompressSnappy(bytes);
    case Codec::kLz4:
      return CompressLz4(bytes);
    case Codec::kZstd:
      return CompressZstd(bytes);
  }
  return absl::InvalidArgumentError("no such codec");
}

absl::StatusOr<std::string> Decompress(Codec codec, std::string_view bytes, std::size_t max_bytes) {
  if (bytes.size() > kMaxInputBytes) return absl::InvalidArgumentError("too much to decompress");
  switch (codec) {
    case Codec::kNone:
      if (bytes.size() > max_bytes) return Output(max_bytes).TooLarge();
      return std::string(bytes);
    case Codec::kGzip:
      return DecompressGzip(bytes, max_bytes);
    case Codec::kSnappy:
      return DecompressSnappy(bytes, max_bytes);
    case Codec::kLz4:
      return DecompressLz4(bytes, max_bytes);
    case Codec::kZstd:
      return DecompressZstd(bytes, max_bytes);
  }
  return absl::DataLossError("no codec has the number " +
                             std::to_string(static_cast<unsigned>(codec)));
}

}  // namespace wherry::kafka
