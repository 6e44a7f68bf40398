#include "storage/log_store.h"

#include <iterator>
#include <utility>

namespace wherry::storage {

void CommitBatch::Absorb(CommitBatch&& other) {
  appends_.insert(appends_.end(), std::make_move_iterator(other.appends_.begin()),
                  std::make_move_iterator(other.appends_.end()));
  key_changes_.insert(key_changes_.end(), std::make_move_iterator(other.key_changes_.begin()),
                      std::make_move_iterator(other.key_changes_.end()));
  size_bytes_ += other.size_bytes_;
  other = CommitBatch();
}

}  // namespace wherry::storage
