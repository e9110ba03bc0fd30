#include "harness/kernels/kernel_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "harness/kernels/kernel_fixture.h"
#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kMadison =
    "linux-image-6.1.0-9-cloud-amd64 |  6.1.90-1 | http://deb.debian.org/debian bookworm/main amd64 Packages\n"
    "linux-image-6.1.0-57-cloud-amd64-unsigned | 6.1.192-3 | http://deb.debian.org/s bookworm/main amd64 Packages\n"
    "linux-image-6.1.0-57-cloud-amd64 |  6.1.192-3 | http://deb.debian.org/s bookworm/main amd64 Packages\n"
    "linux-image-6.12-cloud-amd64 | 6.12.117-1 | http://deb.debian.org/s bookworm/main amd64 Packages\n"
    "linux-image-6.12.117+deb12-cloud-amd64 | 6.12.117-1~deb12u1 | http://deb.debian.org/s b/main amd64 Packages\n"
    "linux-image-6.12.117+deb12-cloud-amd64-dbg | 6.12.117-1~deb12u1 | http://deb.debian.org/s b/main amd64 Packages\n"
    "linux-image-6.12.100+deb12-cloud-amd64 | 6.12.100-1~deb12u1 | http://deb.debian.org/s b/main amd64 Packages\n";

KernelRequest request(const std::string& text) { return parse_kernel_request(text); }

template <typename Function>
void expect_error(Function function, const std::string& text) {
  EXPECT_THAT(function, ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
}

// Would catch: a series or version that is taken for a path, and then "no such kernel".
TEST(KernelRequest, TellsItsFormsApart) {
  EXPECT_EQ(request("debian:6.12").kind, KernelRequest::Kind::kSeries);
  EXPECT_EQ(request("debian:6.12").value, "6.12");
  EXPECT_EQ(request("debian:=6.12.117+deb12").kind, KernelRequest::Kind::kPinned);
  EXPECT_EQ(request("debian:=6.12.117+deb12").value, "6.12.117+deb12");
  EXPECT_EQ(request("boot/bzImage").kind, KernelRequest::Kind::kFile);
}

// Would catch: text of a user that reaches the command line of apt-get, for instance as an option.
TEST(KernelRequest, RefusesWhatIsNoVersion) {
  for (const char* wrong : {"", "debian:", "debian:6", "debian:sid", "debian:=", "debian:=-o", "debian:=6.1 x"}) {
    expect_error([&] { request(wrong); }, "give debian:SERIES");
  }
}

// Would catch: 6.12 taken for 6.1.
TEST(KernelRequest, SeriesEndAtADigit) {
  EXPECT_TRUE(is_of_series("6.1.0-57-cloud-amd64", "6.1"));
  EXPECT_FALSE(is_of_series("6.12.117+deb12-cloud-amd64", "6.1"));
  EXPECT_FALSE(is_of_series("6.1", "6.1"));
}

// Would catch: an order by text, in which -9 is newer than -57, or a backport newer than the release.
TEST(KernelRequest, VersionsAreInDebiansOrder) {
  EXPECT_LT(compare_versions("6.1.90-1", "6.1.192-3"), 0);
  EXPECT_LT(compare_versions("6.12.117-1~deb12u1", "6.12.117-1"), 0);
  EXPECT_GT(compare_versions("6.12.117-1+b1", "6.12.117-1"), 0);
  EXPECT_EQ(compare_versions("6.1.0-057", "6.1.0-57"), 0);
}

// Would catch: a metapackage, debugging symbols or an unsigned copy taken for the image.
TEST(KernelOffers, ChoosesTheNewestSignedImage) {
  const std::vector<KernelOffer> offers = parse_offers(kMadison);
  ASSERT_EQ(offers.size(), 5U);
  EXPECT_EQ(choose_offer(offers, request("debian:6.1"))->package, "linux-image-6.1.0-57-cloud-amd64");
  EXPECT_EQ(choose_offer(offers, request("debian:6.12"))->version, "6.12.117-1~deb12u1");
  EXPECT_EQ(choose_offer(offers, request("debian:=6.12.100+deb12"))->release, "6.12.100+deb12-cloud-amd64");
  EXPECT_EQ(choose_offer(offers, request("debian:=6.1.90-1"))->release, "6.1.0-9-cloud-amd64");
  EXPECT_EQ(choose_offer(offers, request("debian:5.10")), nullptr);
}

// apt and dpkg as far as the store uses them.
class KernelStoreTest : public ::testing::Test {
 protected:
  KernelStore store() {
    return KernelStore(fs::path(directory_.path()) / "kernels",
                       [this](const auto& argv, const std::string& place) { return run(argv, place); });
  }
  ToolResult run(const std::vector<std::string>& argv, const std::string& place) {
    if (argv[1] == "pkgnames") {
      return {0, has_lists_ ? "linux-image-6.12.117+deb12-cloud-amd64\nlinux-image-x\n" : "", ""};
    }
    if (argv[1] == "madison") {
      return {0, kMadison, ""};
    }
    if (argv[0] == "apt-get") {
      ++downloads_;
      if (!has_network_) {
        return {100, "", "E: Failed to fetch http://deb.debian.org/x.deb  Could not resolve 'deb.debian.org'"};
      }
      std::ofstream(place + "/image.deb") << "package";
      return {};
    }
    if (!unpack_error_.empty()) {
      return {2, "", unpack_error_};
    }
    fs::create_directories(place + "/unpacked/boot");
    std::ofstream(place + "/unpacked/boot/vmlinuz-" + kRelease) << make_image(kRelease);
    std::ofstream(place + "/unpacked/boot/config-" + kRelease) << "CONFIG_HZ=250\n";
    return {};
  }

  const std::string kRelease = "6.12.117+deb12-cloud-amd64";
  os::TemporaryDirectory directory_;
  bool has_network_ = true;
  bool has_lists_ = true;
  std::string unpack_error_;
  int downloads_ = 0;
};

// Would catch: a download for every run, or a cache that loses version, checksum or configuration.
TEST_F(KernelStoreTest, DownloadsAnImageOnce) {
  const Kernel first = store().find(request("debian:6.12"));
  const Kernel second = store().find(request("debian:6.12"));
  EXPECT_EQ(downloads_, 1);
  EXPECT_EQ(second.image, first.image);
  EXPECT_EQ(second.release, kRelease);
  EXPECT_EQ(second.version, "6.12.117-1~deb12u1");
  EXPECT_EQ(second.image_sha256.size(), 64U);
  EXPECT_EQ(second.config, "CONFIG_HZ=250\n");
}

// Would catch: a pinned version that cannot be used any more once the mirror has dropped it.
TEST_F(KernelStoreTest, KeepsWhatIsPinnedWithoutApt) {
  store().find(request("debian:6.12"));
  has_lists_ = has_network_ = false;
  EXPECT_EQ(store().find(request("debian:=6.12.117+deb12")).release, kRelease);
  EXPECT_EQ(store().find(request("debian:6.12")).release, kRelease);
}

// Would catch: a count without --kernel that asks for a download although a kernel is here.
TEST_F(KernelStoreTest, FindsTheNewestThatIsHere) {
  EXPECT_FALSE(store().find_newest_cached());
  store().find(request("debian:6.12"));
  has_lists_ = has_network_ = false;
  EXPECT_EQ(store().find(request(*store().find_newest_cached())).release, kRelease);
}

// Would catch: a failed download that leaves half an image, or whose message does not say what to do.
TEST_F(KernelStoreTest, SaysWhyThereIsNoDownload) {
  has_network_ = false;
  expect_error([&] { store().find(request("debian:6.12")); }, "cannot download linux-image-6.12.117+deb12-cloud-amd64");
  EXPECT_TRUE(fs::is_empty(fs::path(directory_.path()) / "kernels"));
  has_network_ = true;
  EXPECT_EQ(store().find(request("debian:6.12")).release, kRelease);
}

// Would catch: an advice about the network where the disk is full, or "tar subprocess returned error exit status 2".
TEST_F(KernelStoreTest, SaysThatTheDiskIsFull) {
  unpack_error_ = find_error(
      "tar: ./boot/vmlinuz: Cannot write: No space left on device\n"
      "dpkg-deb: error: tar subprocess returned error exit status 2");
  expect_error([&] { store().find(request("debian:6.12")); },
               "image.deb: tar: ./boot/vmlinuz: Cannot write: No space left on device: make room in " +
                   directory_.path() + "/kernels, or set XDG_CACHE_HOME to another directory");
  EXPECT_TRUE(fs::is_empty(fs::path(directory_.path()) / "kernels"));
  EXPECT_EQ(find_error("first\nlast\n"), "last");
}

// Would catch: a message of the library, which does not say how to choose another directory.
TEST_F(KernelStoreTest, SaysThatTheCacheCannotBeWritten) {
  std::ofstream(directory_.path() + "/kernels") << "a file";
  EXPECT_THAT([&] { store().find(request("debian:6.12")); },
              ThrowsMessage<std::system_error>(
                  HasSubstr("/kernels (set XDG_CACHE_HOME to another directory): Not a directory")));
}

TEST_F(KernelStoreTest, SaysThatThereIsNoSuchKernel) {
  expect_error([&] { store().find(request("debian:5.10")); }, "it has those of 6.1, 6.12");
  has_lists_ = false;
  expect_error([&] { store().find(request("debian:6.12")); }, "run 'apt-get update'");
}

// Would catch: a damaged image that is booted and measured.
TEST_F(KernelStoreTest, ChecksTheImageEachTime) {
  const Kernel kernel = store().find(request("debian:6.12"));
  std::ofstream(kernel.image, std::ios::app) << "x";
  expect_error([&] { store().find(request("debian:6.12")); }, "is not the image that was unpacked there: remove ");
}

// Would catch: a file without a checksum, or without the configuration that stands next to it.
TEST_F(KernelStoreTest, TakesAnyImage) {
  const std::string file = directory_.path() + "/bzImage";
  std::ofstream(file) << make_image("6.18.0");
  std::ofstream(directory_.path() + "/config-6.18.0") << "CONFIG_HZ=1000\n";
  const Kernel kernel = store().find(request(file));
  EXPECT_EQ(kernel.release, "6.18.0");
  EXPECT_EQ(kernel.image_sha256.size(), 64U);
  EXPECT_EQ(kernel.config, "CONFIG_HZ=1000\n");
}

// Would catch: an exception of the process layer instead of the package's name.
TEST(RunTool, NamesAProgramThatIsMissing) {
  expect_error([] { run_tool({"fanin-no-such-tool"}, ""); }, "fanin-no-such-tool is not installed");
}

}  // namespace
}  // namespace fanin::harness
