// The parts of the server half of http: dates, targets, ranges, lines, and the files below a document root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "protocols/document_root.h"
#include "protocols/http_files.h"
#include "protocols/http_head.h"
#include "protocols/protocol_harness.h"

namespace fanin::protocols {
namespace {

// The example of RFC 9110, section 5.6.7, in its three forms.
TEST(HttpDate, UnderstandsAllThreeForms) {
  constexpr std::time_t kTime = 784111777;
  EXPECT_EQ(format_http_date(kTime), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kTime);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kTime);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kTime);
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT and more"), std::nullopt);
  EXPECT_EQ(parse_http_date("yesterday"), std::nullopt);
  EXPECT_EQ(http_date_field(kTime), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(http_date_field(kTime + 1), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
}

std::string parse_path(std::string_view target) {
  const HttpTarget parsed = parse_http_target(target);
  return parsed.status == 0 ? parsed.path : std::to_string(parsed.status);
}

// Would catch: a spelling of ".." survives, for example because the search precedes the decoding.
TEST(HttpTarget, EverySpellingOfAPath) {
  EXPECT_EQ(parse_path("/"), "index.html");
  EXPECT_EQ(parse_path("/a/b.html"), "a/b.html");
  EXPECT_EQ(parse_path("/a/"), "a/index.html");
  EXPECT_EQ(parse_path("/a/b/../c.txt?x=/../y"), "a/c.txt");
  EXPECT_EQ(parse_path("/a/b/.."), "a/index.html");
  EXPECT_EQ(parse_path("//a///b//"), "a/b/index.html");
  EXPECT_EQ(parse_path("/%61%2fb%2Etxt"), "a/b.txt");
  EXPECT_EQ(parse_path("/a%20b+c.txt"), "a b+c.txt");
  EXPECT_EQ(parse_path("/.."), "404");
  EXPECT_EQ(parse_path("/../etc/passwd"), "404");
  EXPECT_EQ(parse_path("/a/../../etc/passwd"), "404");
  EXPECT_EQ(parse_path("/%2e%2e/etc/passwd"), "404");
  EXPECT_EQ(parse_path("/.%2E/etc/passwd"), "404");
  EXPECT_EQ(parse_path("/a%2f..%2f..%2fetc/passwd"), "404");
  EXPECT_EQ(parse_path("//../etc/passwd"), "404");
  EXPECT_EQ(parse_path("/%252e%252e/x"), "%2e%2e/x") << "decoded once, not twice";
  EXPECT_EQ(parse_path("/..\\..\\x"), "..\\..\\x") << "a backslash is an ordinary character";
  EXPECT_EQ(parse_path("/a%00.txt"), "400");
  EXPECT_EQ(parse_path("/a%zz"), "400");
  EXPECT_EQ(parse_path("/a%4"), "400");
  EXPECT_EQ(parse_path("http://host/a.txt?q"), "a.txt");
  EXPECT_EQ(parse_path("http://host"), "index.html");
  EXPECT_EQ(parse_path("http://host:80/../x"), "404");
  EXPECT_EQ(parse_path("*"), "400");
  EXPECT_EQ(parse_path("a.txt"), "400");
  EXPECT_EQ(parse_path(""), "400");
}

std::string parse_range(std::string_view field, std::uint64_t size) {
  const auto range = parse_http_range(field, size);
  if (!range) {
    return "ignored";
  }
  return range->empty() ? "unsatisfiable" : std::to_string(range->begin) + "-" + std::to_string(range->end);
}

// Would catch: the end of a range counts as exclusive, or a number wraps around.
TEST(HttpRange, OneRangeOrNone) {
  EXPECT_EQ(parse_range("bytes=0-0", 10), "0-1");
  EXPECT_EQ(parse_range("bytes=2-5", 10), "2-6");
  EXPECT_EQ(parse_range("bytes=2-", 10), "2-10");
  EXPECT_EQ(parse_range("bytes=-3", 10), "7-10");
  EXPECT_EQ(parse_range("bytes=-30", 10), "0-10");
  EXPECT_EQ(parse_range("bytes=5-99999999999999999999999", 10), "5-10");
  EXPECT_EQ(parse_range("bytes=0-18446744073709551615", 10), "0-10");
  EXPECT_EQ(parse_range("bytes=10-", 10), "unsatisfiable");
  EXPECT_EQ(parse_range("bytes=99999999999999999999999-", 10), "unsatisfiable");
  EXPECT_EQ(parse_range("bytes=-0", 10), "unsatisfiable");
  EXPECT_EQ(parse_range("bytes=0-", 0), "unsatisfiable");
  for (const char* other : {"bytes=5-2", "bytes=-", "bytes=", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=1-2 ",
                            "bytes=+1-2", "bytes=--1", ""}) {
    EXPECT_EQ(parse_range(other, 10), "ignored") << other;
  }
}

class Confined : public testing::TestWithParam<DocumentRoot::Resolution> {
 protected:
  Confined() {
    around_.write("secret", "outside");
    around_.make_directory("root");
    around_.make_directory("root/sub");
    around_.write("root/plain", "inside");
    around_.write("root/sub/deep", "deeper");
  }

  // Empty if it can be opened, else the name of the error.
  std::string attempt(const std::string& path) {
    const DocumentRoot root(around_.path("root"), GetParam());
    struct stat attributes {};
    net::Descriptor file;
    const int opened = root.open(path, file, attributes);
    EXPECT_EQ(root.find(path, attributes), opened) << path;
    EXPECT_EQ(static_cast<bool>(file), opened == 0) << path;
    return opened == 0 ? "" : ::strerrorname_np(opened);
  }

  ScratchDirectory around_;
};

TEST_P(Confined, FilesInsideAreOpened) {
  around_.link("plain", "root/relative");
  around_.link("../plain", "root/sub/up");
  EXPECT_EQ(attempt("plain"), "");
  EXPECT_EQ(attempt("sub/deep"), "");
  EXPECT_EQ(attempt("relative"), "");
  EXPECT_EQ(attempt("sub/up"), "");
  EXPECT_EQ(attempt("none"), "ENOENT");
}

// Would catch: a link leads out of the root, by name, by directory or by a chain.
TEST_P(Confined, LinksThatLeadOutAreRefused) {
  around_.link("../secret", "root/climbing");
  around_.link(around_.path("secret"), "root/absolute");
  around_.link("..", "root/parent");
  around_.link("climbing", "root/chain");
  around_.link("/proc/self/cwd", "root/magic");
  EXPECT_EQ(attempt("climbing"), "EXDEV");
  EXPECT_EQ(attempt("absolute"), "EXDEV");
  EXPECT_EQ(attempt("parent/secret"), "EXDEV");
  EXPECT_EQ(attempt("chain"), "EXDEV");
  EXPECT_EQ(attempt("../secret"), "EXDEV");
  EXPECT_NE(attempt("magic/CMakeLists.txt"), "");
}

// Would catch: "/srv/www-private" passes as a path below the root "/srv/www".
TEST_P(Confined, ANeighbourWithTheSameBeginningIsOutside) {
  around_.write("root-private", "outside");
  around_.link("../root-private", "root/neighbour");
  EXPECT_EQ(attempt("neighbour"), "EXDEV");
}

// Would catch: an open waits for ever for a writer of the pipe.
TEST_P(Confined, NothingButRegularFiles) {
  ASSERT_EQ(::mkfifo(around_.path("root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(attempt("pipe"), "ENOENT");
  EXPECT_EQ(attempt("sub"), "ENOENT");
  EXPECT_EQ(attempt("plain/index.html"), "ENOTDIR");
}

INSTANTIATE_TEST_SUITE_P(DocumentRoot, Confined,
                         testing::Values(DocumentRoot::Resolution::kBest, DocumentRoot::Resolution::kChecked),
                         [](const auto& test) { return test.index == 0 ? "best" : "checked"; });

TEST(DocumentRoot, AMissingDirectoryIsNamed) {
  try {
    const DocumentRoot root("/nowhere/at/all");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

// Would catch: memory keeps the old version of a changed file, or every request checks for changes.
TEST(HttpFiles, AChangeIsSeenInTheNextSecond) {
  ScratchDirectory root;
  root.write("a.txt", "old");
  HttpFiles files(root.path(""));
  EXPECT_EQ((*files.find("/a.txt", 100).file)->body(), "old");
  root.write("a.txt", "newer");
  EXPECT_EQ((*files.find("/a.txt", 100).file)->body(), "old");
  EXPECT_EQ((*files.find("/a.txt", 101).file)->body(), "newer");
  const HttpFile* version = files.find("/a.txt", 101).file->get();
  EXPECT_EQ(files.find("/a.txt?again", 102).file->get(), version) << "unchanged: not read again";
  ASSERT_EQ(::unlink(root.path("a.txt").c_str()), 0);
  EXPECT_EQ(files.find("/a.txt", 103).status, 404);
}

// Would catch: a thread's table answers for another document root.
TEST(HttpFiles, RootsAreSeparate) {
  ScratchDirectory one;
  ScratchDirectory two;
  one.write("index.html", "one");
  two.write("index.html", "two");
  HttpFiles first(one.path(""));
  HttpFiles second(two.path(""));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((*first.find("/", 100).file)->body(), "one");
    EXPECT_EQ((*second.find("/", 100).file)->body(), "two");
  }
}

// No descriptor can be opened during the life of the object.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// Would catch: 503 for a file in memory because the check for changes needs a descriptor (a server whose connections
// used them all refused every request from the next second on), or 404 for a lack of descriptors.
TEST(HttpFiles, AFileInMemoryIsServedWithoutDescriptors) {
  ScratchDirectory root;
  root.write("known.txt", "old");
  root.write("other.txt", "other");
  HttpFiles files(root.path(""));
  ASSERT_EQ(files.find("/known.txt", 100).status, 200);
  {
    const NoDescriptors none;
    const HttpFiles::Found found = files.find("/known.txt", 101);
    ASSERT_EQ(found.status, 200);
    EXPECT_EQ((*found.file)->body(), "old");
    EXPECT_EQ(files.find("/other.txt", 101).status, 503);
  }
  root.write("known.txt", "newer");
  EXPECT_EQ((*files.find("/known.txt", 102).file)->body(), "newer");
  EXPECT_EQ((*files.find("/other.txt", 102).file)->body(), "other");
}

// Would catch: descriptors of long files stay open.
TEST(HttpFiles, LongFilesDoNotPileUpDescriptors) {
  ScratchDirectory root;
  for (int i = 0; i < 200; ++i) {
    root.write("long" + std::to_string(i), "");
    ASSERT_EQ(::truncate(root.path("long" + std::to_string(i)).c_str(), 1 << 20), 0);
  }
  HttpFiles files(root.path(""));
  int highest = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(files.find("/long" + std::to_string(i), 100).status, 200);
    const net::Descriptor probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    highest = std::max(highest, probe.get());
  }
  EXPECT_LT(highest, 150);
}

// Would catch: the search by eight bytes misses a control character in some position, or finds one that is none.
TEST(HttpLines, TakesEveryByteButControlCharactersAnywhere) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_control = (byte < ' ' && byte != '\t') || byte == 0x7f;
    for (std::size_t at = 3; at < 24; ++at) {
      for (const char other : {'a', '\xff', '\x80', '~', ' '}) {
        std::string line = "A: " + std::string(24, other) + "\r\n";
        line[at] = static_cast<char>(byte);
        HttpLines lines;
        lines.begin_trailer();
        ASSERT_EQ(lines.take(line).has_value(), !is_control) << byte << " at " << at << " among " << other;
      }
    }
  }
}

}  // namespace
}  // namespace fanin::protocols
