"""The checks of the format stage find what is planted."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import definitions
import layers
import unity

TABLE = """# A

## Layers

| directory | holds | may include |
|---|---|---|
| `net` | sockets | |
| `load/plan` | options | `net` |
| `load` | the program | `net`, `load/plan` |
"""


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("ARCHITECTURE.md", TABLE)
        self.write("net/a.h", "namespace fanin::net {\n\nclass A {};\n\n}  // namespace fanin::net\n")
        self.write("load/plan/b.h", '#include "net/a.h"\n#include <vector>\n')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Layers(Tree):
    def faults(self):
        allowed = layers.layers((self.root / "ARCHITECTURE.md").read_text())
        return [*layers.check_table(allowed), *layers.check_sources(self.root, allowed)]

    def test_what_the_table_allows_is_no_fault(self):
        self.assertEqual(self.faults(), [])
        self.assertEqual(layers.main(self.root), 0)

    def test_an_include_upwards_is_found(self):
        self.write("net/c.cc", '#include "net/a.h"\n#include "load/plan/b.h"\n')
        self.assertEqual(self.faults(), ["net/c.cc:2: net may not include load/plan (ARCHITECTURE.md, Layers)"])
        self.assertEqual(layers.main(self.root), 1)

    def test_a_directory_without_a_row_is_found(self):
        self.write("new/c.cc", '#include "net/a.h"\n')
        self.assertEqual(self.faults(), ["new/c.cc: new is not in the table of ARCHITECTURE.md: add it"])

    def test_a_cycle_in_the_table_is_found(self):
        self.write("ARCHITECTURE.md", TABLE.replace("| sockets | |", "| sockets | `load/plan` |"))
        (fault,) = self.faults()
        self.assertIn("net may include load/plan, which does not stand above it", fault)

    def test_tests_may_include_more(self):
        self.write("net/c_test.cc", '#include "load/plan/b.h"\n')
        self.assertEqual(self.faults(), [])


class Definitions(Tree):
    def test_a_class_that_is_defined_twice_is_found(self):
        self.write("x/a.h", "namespace fanin {\n\nstruct Verdict {\n};\n\n}  // namespace fanin\n")
        self.write("y/a.cc", "namespace fanin {\n\nenum class Verdict { kA };\n\n}  // namespace fanin\n")
        self.assertEqual(definitions.main(self.root), 1)

    def test_other_namespaces_unnamed_ones_and_declarations_are_no_fault(self):
        self.write("x/a.h", "namespace fanin {\n\nclass Verdict;\nclass Verdict final : public X {\n};\n\n}  // namespace fanin\n")
        self.write("y/a.h", "namespace fanin::load {\n\nclass Verdict {\n};\n\n}  // namespace fanin::load\n")
        self.write("y/b.cc", "namespace fanin {\nnamespace {\n\nclass Verdict {\n};\n\n}  // namespace\n}  // namespace fanin\n")
        self.assertEqual(definitions.main(self.root), 0)

    def namespace_faults(self, name, text):
        return list(definitions.faults_of_namespaces(name, definitions.without_declarations(text)))

    def test_code_in_another_namespace_is_found(self):
        # It was not: all shared code was in fanin, whatever its directory.
        text = "\nnamespace fanin {\n\nint f();\n\n}  // namespace fanin\n"
        self.assertEqual(self.namespace_faults("net/b.h", text), ["net/b.h:2: fanin is not the namespace of the directory: use fanin::net"])
        self.assertEqual(len(self.namespace_faults("net/b.h", text.replace("fanin", "fanin::network"))), 1)
        self.assertEqual(len(self.namespace_faults("servers/conformance/b.cc", text.replace("fanin", "fanin::server"))), 1)
        self.write("net/b.h", text)
        self.assertEqual(definitions.main(self.root), 1)

    def test_a_class_in_no_namespace_is_found(self):
        self.assertEqual(self.namespace_faults("os/b.h", "struct B {\n};\n"), ["os/b.h:1: a class in no namespace: use fanin::os"])

    def test_the_own_namespace_and_declarations_in_others_are_no_fault(self):
        declared = "namespace CLI {\nclass App;\n}\n\nnamespace fanin::net {\nclass A;\nstruct B;\n}  // namespace fanin::net\n\n"
        own = "namespace fanin::os {\nnamespace {\n\nstruct C {\n};\n\n}  // namespace\n}  // namespace fanin::os\n"
        for text in (declared + own, own.replace("os", "os::detail"), "namespace {\n\nstruct C {\n};\n\n}  // namespace\n"):
            self.assertEqual(self.namespace_faults("os/b.h", text), [])
        self.assertEqual(self.namespace_faults("baselines/b.h", "struct B {\n};\n"), [])


class Unity(Tree):
    def faults(self, first, second, cmake="fanin_library(x a.cc b.cc)\n", header=""):
        self.write("x/CMakeLists.txt", cmake)
        self.write("x/a.h", f"namespace fanin {{\n\n{header}\n\n}}  // namespace fanin\n")
        for name, text in (("a", first), ("b", second)):
            self.write(
                f"x/{name}.cc",
                f"#include \"x/a.h\"\nnamespace fanin {{\nnamespace {{\n\n{text}\n\n}}  // namespace\n}}  // namespace fanin\n",
            )
        return list(unity.faults(self.root))

    def test_names_of_two_files_clash(self):
        for first, second in (
            ("constexpr int kWidth = 80;", "constexpr std::size_t kWidth = 60;"),
            ("struct Row {\n  int a;\n};", "class Row final : public X {\n};"),
            ("std::string shown(int value) { return f(value); }", "std::string shown(int other) {\n  return g(other);\n}"),
            ("int f(const char* a, const char* b) { return 1; }", "int f(const std::string& a,\n      std::string b,\n      int c = 3) {\n  return 2;\n}"),
            ("using Result = std::optional<int>;", "using Result = int;"),
            ("constexpr int kWidth = 80;", "enum class kWidth { kA };"),
            ("TEST(Cell, IsNamed) {\n  run();\n}", "TEST(Cell, IsNamed) {\n  stop();\n}"),
            ("#define PLUS(a) (a)", "#define PLUS(a) a"),
        ):
            with self.subTest(first):
                (fault,) = self.faults(first, second)
                self.assertIn("x/a.cc and x/b.cc", fault)
        self.assertEqual(unity.main(self.root), 1)

    # The bug: text passed to shown(const Json&) went to shown(std::string) of another file, but in unity builds alone.
    def test_a_function_that_takes_a_document_takes_everything(self):
        (fault,) = self.faults("std::string shown(std::string a) { return a; }", "std::string shown(const Json& a) { return a.dump(); }")
        self.assertIn("shown", fault)

    # The bug: an alias in a function of one file shadowed that of another file, which broke the sanitizer presets.
    def test_an_alias_of_a_function_shadows_that_of_another_file(self):
        self.faults("using Json = nlohmann::json;", "int f() {\n  using Json = nlohmann::json;\n  return 1;\n}")
        (fault,) = unity.shadowed_aliases(self.root)
        self.assertIn("x/a.cc and x/b.cc", fault)

    def test_a_name_of_an_included_header_clashes(self):
        (fault,) = self.faults("int g() { return 1; }", "class Row {\n};", header="struct Row {\n  int a;\n};")
        self.assertIn("Row is in x/a.h and x/b.cc", fault)

    def test_what_may_stand_twice_is_no_fault(self):
        for first, second in (
            ("int f(int a) { return a; }", "int f(const Row& a) { return 2; }"),
            ("using Clock = std::chrono::steady_clock;", "using Clock = std::chrono::steady_clock;"),
            ("using ::testing::HasSubstr;", "using ::testing::HasSubstr;"),
            ('const char* kA = R"(\nint kB = 1;\n)";', "constexpr int kB = 1;"),
            ("struct A {\n  int kB = 1;\n};", "constexpr int kB = 1;"),
            ("#define ONCE 1\n#undef ONCE", "#define ONCE 2\n#undef ONCE"),
        ):
            with self.subTest(first):
                self.assertEqual(self.faults(first, second), [])

    def test_other_targets_and_files_without_unity_are_no_fault(self):
        names = ("constexpr int kWidth = 80;", "constexpr int kWidth = 60;")
        for cmake in (
            "fanin_library(x a.cc)\nfanin_test(y b.cc LIBRARIES x)\n",
            "fanin_library(x a.cc b.cc)\nset_target_properties(x PROPERTIES UNITY_BUILD OFF)\n",
            "fanin_library(x a.cc b.cc)\nset_source_files_properties(b.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)\n",
        ):
            with self.subTest(cmake):
                self.assertEqual(self.faults(*names, cmake), [])


if __name__ == "__main__":
    unittest.main()
