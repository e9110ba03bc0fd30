"""The checks of the format stage find what is planted."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import definitions
import layers

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
        self.write("net/a.h", "class A {};\n")
        self.write("load/plan/b.h", '#include "net/a.h"\n#include <vector>\n')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Layers(Tree):
    def faults(self):
        allowed = layers.layers((self.root / "ARCHITECTURE.md").read_text())
        return [*layers.faults_of_table(allowed), *layers.faults_of_sources(self.root, allowed)]

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


if __name__ == "__main__":
    unittest.main()
