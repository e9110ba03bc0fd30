#include "net/socket_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "net/socket.h"

namespace fanin {
namespace {

namespace fs = std::filesystem;

class SocketFileTest : public ::testing::Test {
 protected:
  SocketFileTest() {
    std::string name = (fs::temp_directory_path() / "fanin-socket-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SocketFileTest() override { fs::remove_all(folder_); }

  std::string path() const { return folder_ / "socket"; }
  Address address() const { return Address::parse_target("unix:" + path()); }

  fs::path folder_;
};

// Would catch: a server that does not start because a predecessor was killed, or that replaces a living one.
TEST_F(SocketFileTest, AStaleFileIsReplacedAndALivingServerIsNot) {
  std::optional<Descriptor> first = listen_on(address(), {});
  EXPECT_THROW(listen_on(address(), {}), std::invalid_argument);
  first.reset();
  ASSERT_TRUE(fs::exists(path()));
  const Descriptor second = listen_on(address(), {});
  const Descriptor client = make_stream_socket(AF_UNIX, Blocking::kYes);
  EXPECT_EQ(::connect(client.get(), address().data(), address().size()), 0);
}

// Would catch: removal of a regular file with the name of the socket.
TEST_F(SocketFileTest, WhatIsNoSocketStays) {
  std::ofstream(path()) << "precious";
  EXPECT_THROW(listen_on(address(), {}), std::invalid_argument);
  EXPECT_EQ(fs::file_size(path()), 8U);
}

// Would catch: a forked worker that removes the server's socket file at its exit.
TEST_F(SocketFileTest, OnlyItsOwnProcessRemovesIt) {
  const Descriptor listener = listen_on(address(), {});
  std::optional<SocketFile> file(std::in_place, path());
  if (const pid_t child = ::fork(); child == 0) {
    file.reset();
    ::_exit(0);
  } else {
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
  EXPECT_TRUE(fs::exists(path()));
  std::optional<SocketFile> moved(std::move(*file));
  file.reset();
  EXPECT_TRUE(fs::exists(path()));
  moved.reset();
  EXPECT_FALSE(fs::exists(path()));
}

}  // namespace
}  // namespace fanin
