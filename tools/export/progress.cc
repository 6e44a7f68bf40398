#include "tools/export/progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>

namespace wherry::exporting {

namespace {

constexpr std::int64_t kVersion = 1;

Status CannotWrite(const std::string& path) {
  return Status(StatusCode::kUnavailable,
                "cannot write the state file " + path + ": " + std::strerror(errno));
}

boost::json::object PartitionJson(std::int32_t index, const PartitionProgress& partition) {
  boost::json::array runs;
  for (const OffsetMap::Run& run : partition.offsets.runs()) {
    runs.push_back(boost::json::array{run.source, run.target, run.count});
  }
  return {{"partition", index},
          {"source_start", partition.source_start},
          {"source_next", partition.source_next},
          {"target_start", partition.target_start},
          {"target_next", partition.target_next},
          {"runs", std::move(runs)}};
}

// Throws what Boost.JSON throws where a member is missing or of another type.
Progress ProgressOf(const boost::json::value& json) {
  Progress progress;
  for (const auto& [topic, partitions] : json.at("topics").as_object()) {
    for (const boost::json::value& value : partitions.as_array()) {
      const auto number = [&value](const char* name) {
        return value.at(name).to_number<std::int64_t>();
      };
      PartitionProgress& partition =
          progress[{std::string(topic), static_cast<std::int32_t>(number("partition"))}];
      partition.source_start = number("source_start");
      partition.source_next = number("source_next");
      partition.target_start = number("target_start");
      partition.target_next = number("target_next");
      for (const boost::json::value& run : value.at("runs").as_array()) {
        partition.offsets.Add({run.at(0).to_number<std::int64_t>(),
                               run.at(1).to_number<std::int64_t>(),
                               run.at(2).to_number<std::int64_t>()});
      }
    }
  }
  return progress;
}

}  // namespace

StatusOr<Progress> StateFile::Load() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return Progress();
    return Status(StatusCode::kUnavailable,
                  "cannot read the state file " + path_ + ": " + std::strerror(errno));
  }
  std::ostringstream text;
  text << file.rdbuf();
  try {
    const boost::json::value json = boost::json::parse(text.str());
    if (json.at("version").to_number<std::int64_t>() != kVersion) {
      return Status(StatusCode::kDataLoss, path_ + " is of another version of wherry-export");
    }
    const std::string source(json.at("source").as_string());
    const std::string target(json.at("target").as_string());
    if (source != source_ || target != target_) {
      return Status(StatusCode::kFailedPrecondition,
                    path_ + " is of an export from cluster " + source + " to " + target +
                        ", this one is from " + source_ + " to " + target_ +
                        ": name another file with --state, or delete it");
    }
    return ProgressOf(json);
  } catch (const std::exception& error) {
    return Status(StatusCode::kDataLoss, "the state file " + path_ + " cannot be read (" +
                                             error.what() + "): delete it to begin anew, and the " +
                                             "target's topics with it");
  }
}

Status StateFile::Save(const Progress& progress) const {
  boost::json::object topics;
  for (const auto& [where, partition] : progress) {
    boost::json::value& partitions = topics[where.first];
    if (!partitions.is_array()) partitions.emplace_array();
    partitions.as_array().push_back(PartitionJson(where.second, partition));
  }
  const std::string text = boost::json::serialize(boost::json::object{{"version", kVersion},
                                                                      {"source", source_},
                                                                      {"target", target_},
                                                                      {"topics", topics}});
  const std::string draft = path_ + ".new";
  std::FILE* const file = std::fopen(draft.c_str(), "wb");
  if (file == nullptr) return CannotWrite(draft);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                       std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed || std::rename(draft.c_str(), path_.c_str()) != 0) {
    const Status status = CannotWrite(path_);
    unlink(draft.c_str());
    return status;
  }
  return Status();
}

}  // namespace wherry::exporting
