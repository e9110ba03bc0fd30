#include "ledger/options.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace fanin::ledger {
namespace {

Options parse(std::vector<std::string_view> more) {
  more.insert(more.end(), {"symbols=s", "server=a=b", "generator=g", "out=o"});
  return parse_options(more);
}

// Would catch: a path cut at its second equals sign.
TEST(PluginOptions, AreParsed) {
  const Options options = parse({"skip=0", "count=7"});
  EXPECT_EQ(options.server, "a=b");
  EXPECT_EQ(options.out, "o");
  EXPECT_EQ(options.skip, 0U);
  EXPECT_EQ(options.count, 7U);
  EXPECT_EQ(parse({}).count, 500U);
}

// Would catch: a typing error that silently leaves the default.
TEST(PluginOptions, MistakesAreRefused) {
  for (const std::string_view mistake :
       {"counts=7", "count=0", "count=-1", "count=7x", "count=", "count", "skip=x", ""}) {
    EXPECT_THROW(parse({mistake}), std::invalid_argument) << mistake;
  }
  EXPECT_THROW(parse_options({}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::ledger
