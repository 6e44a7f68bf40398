#include "tests/crash/crashable.h"

#include <gtest/gtest.h>

namespace wherry::crash {

void CrashableBroker::Crash() {
  ASSERT_TRUE(broker_.Crash().ok());
  const Status restarted = broker_.Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
}

}  // namespace wherry::crash
