#include "harness/suite/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::harness {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> load_arguments(const char* text) {
  const Json workload = Json::parse(text);
  const JsonReader reader(workload, "w.json");
  const Workload parsed = Workload::parse(reader);
  parsed.check_together(reader);
  return parsed.load_arguments();
}

// What is wrong with an echo workload that has these keys too.
std::string complaint(const std::string& keys, const std::string& protocol = "echo") {
  try {
    load_arguments(("{\"protocol\":\"" + protocol + "\"," + keys + "}").c_str());
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

// Would catch: an option of a protocol that reaches one half of it only, or the half that does not know it.
TEST(Workload, ProtocolOptionsReachTheHalvesThatTakeThem) {
  const Json workload = Json::parse(
      R"({"protocol":"bulk","reply_bytes":1000,"work":"200us","work_share":0.01,"root":"pages","path":"/a"})");
  const Workload parsed = Workload::parse(JsonReader(workload, "s.json"));
  EXPECT_THAT(parsed.load_arguments(), ElementsAre("--protocol", "bulk", "--reply-bytes", "1000", "--path", "/a"));
  EXPECT_THAT(parsed.server_arguments(), ElementsAre("--protocol", "bulk", "--reply-bytes", "1000", "--work", "200us",
                                                     "--work-share", "0.01", "--root", "pages"));
}

// Would catch: an option that only one half of the protocol learns, so that every reply is wrong.
TEST(Workload, TextsOfAProtocolGoToBothPrograms) {
  const auto parse = [](const char* text) { return Workload::parse(JsonReader(Json::parse(text), "w.json")); };
  const Workload upper = parse(R"({"protocol":"upper","suffix":"!"})");
  EXPECT_THAT(upper.load_arguments(), ElementsAre("--protocol", "upper", "--suffix", "!"));
  EXPECT_THAT(upper.server_arguments(), ElementsAre("--protocol", "upper", "--suffix", "!"));
  const Workload goodbye = parse(R"({"protocol":"goodbye","reply":"so long"})");
  EXPECT_THAT(goodbye.load_arguments(), ElementsAre("--protocol", "goodbye", "--reply", "so long"));
  EXPECT_THAT(goodbye.server_arguments(), ElementsAre("--protocol", "goodbye", "--reply", "so long"));
}

TEST(Workload, SchedulesReachTheGenerator) {
  EXPECT_THAT(load_arguments(R"({"protocol":"echo","rate":1000,"arrival":"bursts","burst_size":10})"),
              ElementsAre("--protocol", "echo", "--rate", "1000", "--arrival", "bursts:10"));
  EXPECT_THAT(load_arguments(R"({"protocol":"echo","arrival":"trace","trace":"day/times.txt"})"),
              ElementsAre("--protocol", "echo", "--arrival", "trace:day/times.txt"));
  EXPECT_THAT(load_arguments(R"({"protocol":"echo","arrival":"uniform","ramp":{"from_per_s":0,"to_per_s":2500.5}})"),
              ElementsAre("--protocol", "echo", "--ramp", "0..2500.5", "--arrival", "uniform"));
}

TEST(Workload, TheRestReachesTheGenerator) {
  EXPECT_THAT(
      load_arguments(R"({"protocol":"echo","connect_concurrency":100,"idle_strategy":"sleep","timestamps":true})"),
      ElementsAre("--protocol", "echo", "--connect-concurrency", "100", "--idle-strategy", "sleep", "--timestamps"));
  EXPECT_THAT(load_arguments(R"({"protocol":"http","method":"POST","headers":["A: 1","B: 2"],"body":"x",
                                 "expect_status":"201"})"),
              ElementsAre("--protocol", "http", "--method", "POST", "--header", "A: 1", "--header", "B: 2", "--body",
                          "x", "--expect-status", "201"));
  EXPECT_THAT(load_arguments(R"({"protocol":"raw","request":"a","reply_pattern":"b+","reply_limit_bytes":10})"),
              ElementsAre("--protocol", "raw", "--request", "a", "--reply-pattern", "b+", "--reply-limit-bytes", "10"));
}

// Would catch: a value with blanks that falls apart, so that a class is another one or is refused.
TEST(Workload, EachClassOfAMixIsAnOptionOfItsOwn) {
  EXPECT_THAT(
      load_arguments(R"({"protocol":"echo","mix":[{"weight":99,"name":"light"},
                                {"weight":0.5,"name":"heavy one","payload_bytes":65536}]})"),
      ElementsAre("--protocol", "echo", "--mix", "99 name=light", "--mix", "0.5 name='heavy one' payload-bytes=65536"));
  EXPECT_THAT(load_arguments(R"({"protocol":"http","mix":[{"weight":1,"path":"/a","headers":["A: 1","B: it's"]},
                                {"weight":1,"body":"'x"}]})"),
              ElementsAre("--protocol", "http", "--mix", "1 path=/a header='A: 1' header=\"B: it's\"", "--mix",
                          "1 body=\"'x\""));
}

TEST(Workload, NamesThePlaceOfMistakesInAMix) {
  EXPECT_EQ(complaint(R"("mix":[{"weight":1}])"), "w.json: /mix: must hold 2 to 16 classes of requests");
  EXPECT_THAT(complaint(R"("mix":{"weight":1})"), HasSubstr("/mix: must be an array"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":0},{"weight":1}])"), HasSubstr("/mix/0/weight: must be above 0"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"name":"a"}])"), HasSubstr("/mix/1: 'weight' is missing"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"weight":1,"pipeline":2}])"),
              HasSubstr("/mix/1: unknown key 'pipeline': known here are weight, name, "));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"weight":2}])"), HasSubstr("/mix/1: another class has the same name"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"weight":1,"name":null}])"), HasSubstr("/mix/1/name: must be a text"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"weight":1,"payload":"it's \"so\""}])"), HasSubstr("both kinds"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"weight":1,"path":"/a"}])"), HasSubstr("/mix/1: 'path' belongs to"));
  EXPECT_THAT(complaint(R"("payload":"a","mix":[{"weight":1},{"weight":1,"payload_bytes":2}])"),
              HasSubstr("/mix/1: takes 'payload' or"));
  EXPECT_THAT(complaint(R"("mix":[{"weight":1},{"weight":1,"reply_bytes":9}])", "bulk"),
              HasSubstr("/mix/1: 'reply_bytes' is one for the whole server"));
}

TEST(Workload, RefusesASchedulesContradictions) {
  EXPECT_THAT(complaint(R"("rate":10,"arrival":"bursts")"), HasSubstr("'burst_size' go together"));
  EXPECT_THAT(complaint(R"("rate":10,"burst_size":2)"), HasSubstr("'burst_size' go together"));
  EXPECT_THAT(complaint(R"("rate":10,"arrival":"trace")"), HasSubstr("go together"));
  EXPECT_THAT(complaint(R"("trace":"times.txt")"), HasSubstr("go together"));
  EXPECT_THAT(complaint(R"("arrival":"bursts","burst_size":2)"), HasSubstr("'arrival' needs 'rate'"));
  EXPECT_EQ(complaint(R"("rate":10,"arrival":"waves")"),
            "w.json: /arrival: must be one of poisson|uniform|bursts|trace");
  EXPECT_THAT(complaint(R"("burst_size":0)"), HasSubstr("/burst_size: must be a whole number from 1"));
  EXPECT_THAT(complaint(R"("ramp":"1..2")"), HasSubstr("/ramp: must be an object"));
  EXPECT_THAT(complaint(R"("ramp":{"from_per_s":0,"to_per_s":0})"), HasSubstr("/ramp: asks for nothing"));
  EXPECT_THAT(complaint(R"("ramp":{"from_per_s":-1,"to_per_s":5})"), HasSubstr("/ramp/from_per_s: must be from 0"));
  EXPECT_THAT(complaint(R"("ramp":{"from_per_s":1})"), HasSubstr("/ramp: 'to_per_s' is missing"));
  const std::string ramp = R"("ramp":{"from_per_s":1,"to_per_s":5},)";
  EXPECT_THAT(complaint(ramp + R"("rate":3)"), HasSubstr("'rate' or 'ramp', not both"));
  EXPECT_THAT(complaint(ramp + R"("requests":3)"), HasSubstr("takes 'ramp' or 'requests', not both"));
  EXPECT_THAT(complaint(ramp + R"("arrival":"bursts","burst_size":3)"), HasSubstr("others have one rate"));
}

TEST(Workload, RefusesOptionsOfOtherProtocols) {
  EXPECT_THAT(complaint(R"("method":"PUT","body":"x")"), HasSubstr("'method' belongs to protocol http"));
  EXPECT_THAT(complaint(R"("reply_pattern":"x")"), HasSubstr("'reply_pattern' belongs to protocol raw"));
  EXPECT_THAT(complaint(R"("body":"x","body_file":"y")", "http"), HasSubstr("'body' or 'body_file', not both"));
  EXPECT_THAT(complaint(R"("headers":"A: 1")", "http"), HasSubstr("/headers: must be an array"));
  EXPECT_THAT(complaint(R"("headers":[])", "http"), HasSubstr("/headers: must hold at least one"));
  EXPECT_THAT(complaint(R"("request":"a")", "raw"), HasSubstr("needs 'request', and one of"));
  EXPECT_THAT(complaint(R"("request":"a","reply_delimiter":"b","reply_bytes":2)", "raw"), HasSubstr("one of"));
  EXPECT_EQ(complaint(R"("request":"a","reply_bytes":2)", "raw"), "accepted");
  constexpr const char* kSetup = R"("request":"a","reply_bytes":2,"setup_request":"b")";
  EXPECT_THAT(complaint(kSetup, "raw"), HasSubstr("one of 'setup_reply_delimiter'"));
  EXPECT_EQ(complaint(std::string(kSetup) + R"(,"setup_reply_bytes":2,"greeting_pattern":"c")", "raw"), "accepted");
  EXPECT_THAT(complaint(R"("greeting_pattern":"x")"), HasSubstr("'greeting_pattern' belongs to protocol raw"));
}

// The bug: such a suite was measured, and the server was said to have failed conformance.
TEST(Workload, RefusesWhatTheProgramsWouldRefuse) {
  EXPECT_EQ(complaint(R"("timeout":"0")"), "w.json: /timeout: must be longer than nothing");
  EXPECT_EQ(complaint(R"("trickle":"9ms")"), "w.json: /trickle: must be 10ms or longer");
  EXPECT_EQ(complaint(R"("suffix":"x")"), "w.json: 'suffix' belongs to protocol upper, and the protocol is echo");
  EXPECT_THAT(complaint(R"("reply":"x")"), HasSubstr("'reply' belongs to protocol goodbye"));
  EXPECT_THAT(complaint(R"("reply_bytes":5)"), HasSubstr("'reply_bytes' belongs to protocol bulk, raw"));
  EXPECT_THAT(complaint(R"("work":"1us","work_share":0.5)"), HasSubstr("'work' belongs to protocol work"));
  EXPECT_THAT(complaint(R"("root":"files")"), HasSubstr("'root' belongs to protocol http"));
  EXPECT_THAT(complaint(R"("payload":"x")", "http"), HasSubstr("'payload' belongs to protocol echo, upper"));
  EXPECT_EQ(complaint(R"("payload_bytes":5)", "chat"),
            "w.json: protocol chat needs 'payload_bytes' of at least 17, for the stamp of its lines");
  EXPECT_EQ(complaint(R"("pipeline":2)", "ecko"),
            "w.json: /protocol: must be one of bulk|chat|discard|echo|goodbye|greet|http|raw|upper|work");
  EXPECT_EQ(complaint(R"("driver":"epol")"), "w.json: /driver: must be one of auto|epoll|io-uring|threads");
  EXPECT_THAT(complaint(R"("trickle":"1s")"), HasSubstr("'trickle' needs 'idle_connections': give"));
  EXPECT_THAT(complaint(R"("verify_idle":true)"), HasSubstr("'verify_idle' needs 'idle_connections': give"));
  EXPECT_THAT(complaint(R"("threads":11)"), HasSubstr("11 'threads' for 10 'connections'"));
  EXPECT_THAT(complaint(R"("close":"server")"), HasSubstr("needs 'requests_per_connection'"));
  EXPECT_THAT(complaint(R"("rate":5,"think_time":"1s")"), HasSubstr("'think_time' needs a closed loop"));
  EXPECT_THAT(complaint(R"("headers":["Host: a","HOST: b"])", "http"), HasSubstr("names the Host more than once"));
}

// The bug: such texts were found only when the generator was started, in the middle of a run.
TEST(Workload, RefusesTextsThatTheGeneratorCannotRead) {
  EXPECT_EQ(complaint(R"("request":"a","reply_pattern":"b(")", "raw"),
            "w.json: /reply_pattern: is no regular expression (PCRE2): missing closing parenthesis at character 3");
  EXPECT_THAT(complaint(R"("expect_body_pattern":"[")", "http"), HasSubstr("/expect_body_pattern: is no regular"));
  EXPECT_EQ(complaint(R"("request":"a","reply_pattern":"(?>b)++")", "raw"), "accepted");
  EXPECT_EQ(complaint(R"("expect_status":"200,399-200")", "http"),
            "w.json: 'expect_status' has the range 399-200, which ends before it begins: turn it round");
  EXPECT_EQ(complaint(R"("expect_status":"200-200,404")", "http"), "accepted");
}

// Would catch: a file of another folder, of which the run directory could keep no copy under the same path.
TEST(Workload, FilesLieBelowTheSuite) {
  const Json workload = Json::parse(R"({"protocol":"http","arrival":"trace","trace":"a/times.txt",
                                        "mix":[{"weight":1},{"weight":2,"body_file":"b.json"}]})");
  EXPECT_THAT(Workload::parse(JsonReader(workload, "w.json")).files(), ElementsAre("a/times.txt", "b.json"));
  for (const char* path : {"/times.txt", "../times.txt", "a/../../times.txt", "a/.."}) {
    EXPECT_THAT(complaint("\"arrival\":\"trace\",\"trace\":\"" + std::string(path) + "\""),
                HasSubstr("/trace: must be the path of a file below the suite's folder"))
        << path;
  }
}

// Would catch: a key that needs another which the check leaves out, so that servers of another make fail conformance.
// The bug: the check lasted 100 ms. A server that took longer for a reply, or whose CPU was busy for that long, failed
// conformance; so did one with slow clients or a short timeout.
TEST(Workload, AConformanceCheckIsAClosedLoopOfAFewRequests) {
  const auto check_of = [](const char* text) {
    return Workload::parse(JsonReader(Json::parse(text), "w.json")).for_conformance().load_arguments();
  };
  const auto plain = ElementsAre("--protocol", "echo", "--connections", "4", "--timeout", "30s", "--think-time", "0s",
                                 "--requests", "50");
  EXPECT_THAT(check_of(R"({"protocol":"echo","idle_connections":5,"trickle":"1s","idle_strategy":"spin"})"), plain);
  EXPECT_THAT(check_of(R"({"protocol":"echo","rate":9,"arrival":"bursts","burst_size":3})"), plain);
  EXPECT_THAT(check_of(R"({"protocol":"echo","arrival":"trace","trace":"t"})"), plain);
  EXPECT_THAT(check_of(R"({"protocol":"echo","requests":9,"timeout":"1ms","send_bytes_per_s":1,"read_bytes_per_s":1})"),
              plain);
  EXPECT_THAT(check_of(R"({"protocol":"echo","ramp":{"from_per_s":1,"to_per_s":2}})"), plain);
  EXPECT_THAT(check_of(R"({"protocol":"echo","aborts":9})"), plain);
  EXPECT_THAT(check_of(R"({"protocol":"work","mix_by_connection":true,"mix":[{"weight":1,"name":"a"},
      {"weight":1,"name":"b"},{"weight":1,"name":"c"},{"weight":1,"name":"d"},{"weight":1,"name":"e"}]})"),
              AllOf(Contains("--mix-by-connection"), Contains("5")))
      << "each class needs a connection";
}

}  // namespace
}  // namespace fanin::harness
