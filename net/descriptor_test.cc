#include "net/descriptor.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fanin::net {
namespace {

// Would catch: a server that ends because a client aborted before accept().
TEST(ErrnoPolicy, AbortedPeerIsRetried) {
  EXPECT_EQ(classify_accept(ECONNABORTED), AcceptError::kRetry);
  EXPECT_EQ(classify_accept(EINTR), AcceptError::kRetry);
}

// Would catch: EMFILE treated like EAGAIN, which makes a level-triggered loop spin.
TEST(ErrnoPolicy, RunningOutIsToldApart) {
  EXPECT_EQ(classify_accept(EMFILE), AcceptError::kNoDescriptor);
  EXPECT_EQ(classify_accept(ENFILE), AcceptError::kNoDescriptor);
  EXPECT_EQ(classify_accept(ENOBUFS), AcceptError::kNoResource);
  EXPECT_EQ(classify_accept(EAGAIN), AcceptError::kWouldBlock);
}

// Would catch: a drained server that reports its own shutdown as a failure.
TEST(ErrnoPolicy, ShutListenerMeansStopped) {
  EXPECT_EQ(classify_accept(EINVAL), AcceptError::kStopped);
  EXPECT_EQ(classify_accept(EBADF), AcceptError::kFatal);
}

// Would catch: a reset by the peer counted as a server fault.
TEST(ErrnoPolicy, PeerErrors) {
  EXPECT_EQ(classify_io(ECONNRESET), IoError::kPeerGone);
  EXPECT_EQ(classify_io(EPIPE), IoError::kPeerGone);
  EXPECT_EQ(classify_io(EAGAIN), IoError::kWouldBlock);
  EXPECT_EQ(classify_io(EINTR), IoError::kInterrupted);
  EXPECT_EQ(classify_io(EFAULT), IoError::kBroken);
}

}  // namespace
}  // namespace fanin::net
