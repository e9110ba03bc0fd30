#include "protocols/partial_replies.h"

#include <gtest/gtest.h>

#include <string>

namespace fanin {
namespace {

ClientState of_connection(std::uint32_t number) { return {.connection = number}; }

TEST(PartialReplies, EachConnectionHasItsOwn) {
  PartialReplies<std::string> partial;
  partial.begin(of_connection(1)) = "one";
  partial.begin(of_connection(2)) = "two";
  partial.get(of_connection(1)) += " more";
  EXPECT_EQ(partial.get(of_connection(1)), "one more");
  EXPECT_EQ(partial.get(of_connection(2)), "two");
}

// Would catch: a reply that is taken for the continuation of one that an earlier life of its connection left, or that
// another connection has had in the same memory.
TEST(PartialReplies, ANewRecordIsEmpty) {
  PartialReplies<std::string> partial;
  partial.begin(of_connection(1)) = "left";
  EXPECT_EQ(partial.begin(of_connection(1)), "");
  partial.get(of_connection(1)) = "ended";
  partial.end(of_connection(1));
  EXPECT_EQ(partial.begin(of_connection(2)), "");
}

// Would catch: an allocation for each incomplete reply.
TEST(PartialReplies, MemoryIsUsedAgain) {
  PartialReplies<std::string> partial;
  const std::string* const first = &partial.begin(of_connection(1));
  partial.end(of_connection(1));
  EXPECT_EQ(&partial.begin(of_connection(2)), first);
}

// Would catch: the end of a map read as a record, if a reply of one class of a mix goes on as one of another.
TEST(PartialReplies, AMissingRecordIsNew) {
  PartialReplies<std::string> partial;
  EXPECT_EQ(partial.get(of_connection(1)), "");
}

TEST(PartialReplies, EndingAMissingRecordDoesNothing) {
  PartialReplies<std::string> partial;
  partial.begin(of_connection(1)) = "one";
  partial.end(of_connection(2));
  EXPECT_EQ(partial.get(of_connection(1)), "one");
}

}  // namespace
}  // namespace fanin
