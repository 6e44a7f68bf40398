#pragma once

namespace wherry::storage {

// Makes RocksDB's checksums ISA-L's, where it is linked statically. A linker takes a file out of an
// archive only for a name that somebody uses: whoever opens RocksDB uses this one, which does
// nothing else. Threads: any.
void LinkRocksdbCrc32c();

}  // namespace wherry::storage
