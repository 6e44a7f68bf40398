#pragma once

#include <string>
#include <vector>

namespace wherry::conformance {

// One package of Debian's list, as `apt-cache dumpavail` prints it.
struct Stanza {
  std::string package;
  std::string section;
  std::string text;  // all of it, without the empty line behind it
};

// Every stanza that this machine's package lists hold, in their order: about 63,000 of 50 MB. Fails
// the test, and says what to do, where there are too few to mean anything.
std::vector<Stanza> AptStanzas();

}  // namespace wherry::conformance
