"""Tests of the charts of ledgers, and of the checks of their sums."""

import io
import json
import re
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from matplotlib.ticker import MaxNLocator

from plots import __main__ as program
from plots import style, validate
from plots.document import schema_findings
from plots.json_file import InputError, read_json
from plots.ledger import bars, cost, flame, heat_map, memory
from plots.ledger import draw as draw_ledger
from plots.ledger.document import NOT_TIME, Ledger, format_change, load
from plots.programs import TOP
from plots.tests import ledger_fixture
from plots.tests.drawing import assert_nothing_overlaps, labelled_lines, legend_texts
from plots.tests.ledger_fixture import KERNELS, make_cell, make_ledger

SVG = "{http://www.w3.org/2000/svg}"


class Document(unittest.TestCase):
    def test_the_fixture_is_a_ledger(self):
        self.assertEqual(validate.findings(make_ledger(), "l.json"), [])

    def test_every_sum_must_be_the_total(self):
        """Would catch: a figure that was changed by hand, in `plots.validate` as in `fanin validate`."""
        for change, place in (
            (lambda cell: cell["split"][0].update(instructions=1), "$.cells[0].split: adds up to"),
            (lambda cell: cell["functions"][0].update(instructions=1), "$.cells[0].functions: adds up to"),
            (lambda cell: cell["paths"]["nodes"][1].__setitem__(3, 1), "$.cells[0].paths.nodes: adds up to"),
            (lambda cell: cell["paths"]["nodes"][1].__setitem__(0, 1), "$.cells[0].paths.nodes[1]: its caller"),
            (lambda cell: cell.update(instructions_per_request=1.0), "$.cells[0].instructions_per_request: but"),
            (lambda cell: cell.update(kernel="5.10"), "$.cells[0].kernel: there is no kernel"),
        ):
            document = make_ledger()
            change(document["cells"][0])
            self.assertIn(place, str(validate.findings(document, "l.json")[0]))

    def test_every_side_of_a_difference_must_be_the_total(self):
        document = make_ledger()
        document["differences"][0]["cells"][0]["functions"][0]["now"] += 1
        place = "$.differences[0].cells[0].functions: `now` adds up to"
        self.assertIn(place, str(validate.findings(document, "l.json")[0]))

    def test_other_seeds_have_the_cells_of_the_ledger(self):
        """Would catch: a seed that is counted twice, or totals of a cell that the ledger does not have."""
        document = make_ledger()
        total = ledger_fixture.make_total(document["cells"][0], 2)
        for totals, said in (
            ([total], []),
            ([total, total], ["$.other_seeds[1].seed: is there twice for this cell"]),
            ([total | {"seed": 1}], ["$.other_seeds[0].seed: is there twice for this cell"]),
            ([total | {"id": "echo/nothing/1"}], ["$.other_seeds[0]: the ledger has no such cell"]),
        ):
            document["other_seeds"] = totals
            self.assertEqual([str(each) for each in validate.findings(document, "l.json")], said)

    def test_an_order_that_depends_on_the_seed_is_told(self):
        """Would catch: a scheduling mode of one seed taken for a property of the kernel."""
        document = make_ledger()
        self.assertEqual(Ledger(document).describe_seeds(), [])
        total = ledger_fixture.make_total(document["cells"][0], 2)
        document["other_seeds"] = [total, ledger_fixture.make_total(document["cells"][1], 2)]
        self.assertEqual(Ledger(document).describe_seeds(), ["Some of the seeds 1, 2 schedule the programs in a different order in 0 of 21 cells"])
        total["switches"] = total["switches"] | {"server": 900}
        total["instructions"] += 5000
        (line,) = Ledger(document).describe_seeds()
        self.assertTrue(line.endswith("in 1 of 21 cells: echo/process/1 on 6.1.0-56 (14,060 to 14,070)"), line)
        self.assertIn(line, legend_texts(heat_map.draw(Ledger(document))))

    def test_a_node_that_is_none_is_refused(self):
        """Would catch: the shortcut for nodes accepts what the schema refuses."""
        for node in ([-2, 0, 0, 1], [-1, 0, 4, 1], [-1, 0, 0], [-1, 0, 0, 1.5], [-1, 0, 0, True], "node"):
            document = make_ledger()
            document["cells"][0]["paths"]["nodes"][0] = node
            self.assertTrue(schema_findings(document, "fanin-ledger"), node)

    def test_a_ledger_without_counts_is_refused(self):
        document = make_ledger()
        document["cells"] = [ledger_fixture.uncounted(each, "failed", "the guest hung") for each in document["cells"]]
        document["differences"][0]["cells"] = []
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "ledger.json")
            path.write_text(json.dumps(document), encoding="utf-8")
            with self.assertRaisesRegex(InputError, "no cell has counts"):
                load(path)

    def test_kernels_have_the_shortest_names_that_differ(self):
        self.assertEqual([Ledger(make_ledger()).short(each) for each in KERNELS], ["6.1.0-56", "6.12.117"])
        document = make_ledger()
        document["kernels"] = [ledger_fixture.make_kernel(each) for each in ("6.12-amd64", "6.12-cloud-amd64")]
        self.assertEqual(Ledger(document).short("6.12-amd64"), "6.12-amd64")
        names = ["6.12.117+deb12-cloud-amd64", "6.12.117+deb12-rt-amd64"]
        document["kernels"] = [ledger_fixture.make_kernel(each) for each in names]
        self.assertEqual([Ledger(document).short(each) for each in names], ["6.12.117", "6.12.117+deb12-rt"])

    def test_a_tiny_change_is_not_zero(self):
        self.assertEqual(format_change(1), "0 %")
        self.assertEqual(format_change(1.000001), "+0.0001 %")


class Charts(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger(make_ledger())

    def test_all_charts_are_drawn_and_nothing_overlaps(self):
        figures = draw_ledger.draw_figures(self.ledger)
        self.assertEqual(
            set(figures),
            {"ledger-kernels", "ledger-memory", "ledger-echo-subsystems", "ledger-readiness-subsystems", "ledger-readiness-slope"},
        )
        for stem, figure in figures.items():
            assert_nothing_overlaps(self, stem, figure)

    def test_every_chart_says_once_that_instructions_are_not_time(self):
        for stem, figure in draw_ledger.draw_figures(self.ledger).items():
            texts = " ".join(" ".join(text.get_text().split()) for text in figure.texts)
            self.assertEqual(texts.count(NOT_TIME), 1, stem)
        for stem, picture in draw_ledger.draw_flames(self.ledger):
            self.assertEqual(picture.count(NOT_TIME), 1, stem)

    def test_a_bar_is_as_long_as_its_cell(self):
        """Would catch: a subsystem that the bars leave out."""
        cells = self.ledger.list_experiments()["echo"]
        axes = bars.draw(self.ledger, "echo", cells).axes[0]
        ends = {}
        for patch in axes.patches:
            row = round(patch.get_y() + patch.get_height() / 2, 3)
            ends[row] = max(ends.get(row, 0), patch.get_x() + patch.get_width())
        wanted = sorted(cell["instructions_per_request"] for cell in cells)
        self.assertEqual(len(ends), len(cells))
        for found, expected in zip(sorted(ends.values()), wanted):
            self.assertAlmostEqual(found, expected)

    def test_a_bar_shows_the_largest_value_of_a_sweep(self):
        figure = bars.draw(self.ledger, "readiness", self.ledger.list_experiments()["readiness"])
        self.assertIn("1,000 idle connections", figure.texts[1].get_text())

    def test_the_legend_of_a_single_bar_is_whole(self):
        """The bug: with few bars the legend went below the edge."""
        parts = dict.fromkeys(style.SUBSYSTEMS, 1.0)
        bar = bars.Bar("epoll", KERNELS[0], parts, float(len(parts)))
        figure = bars.draw_bars(self.ledger, ("heading", "machine", None), [bar], style.SUBSYSTEMS, "axis", str, MaxNLocator(5))
        figure.canvas.draw()
        (legend,) = figure.legends
        self.assertEqual(len(legend.get_texts()), len(parts))
        self.assertGreater(legend.get_window_extent().y0, 0)

    def test_the_schema_has_the_subsystems_of_the_style(self):
        """Would catch: a subsystem without a colour."""
        schema = read_json(TOP / "results/schema/ledger.schema.json")
        self.assertEqual(schema["$defs"]["subsystem"]["enum"], list(style.SUBSYSTEMS))

    def test_subsystems_have_colours_of_their_own(self):
        colours = [each.colour for each in style.SUBSYSTEMS.values()]
        self.assertEqual(len(set(colours)), len(colours))

    def test_the_heat_map_shows_the_change_from_the_first_kernel(self):
        axes = heat_map.draw(self.ledger).axes[0]
        texts = [text.get_text() for text in axes.texts]
        row = [each.get_text() for each in axes.get_yticklabels()].index("echo/process/1")
        self.assertEqual(texts[2 * row : 2 * row + 2], ["14,060", "14,543  +3.44 %"])
        self.assertIn("\u2013", texts)  # io-uring on the first kernel
        self.assertIsNone(heat_map.draw(Ledger(make_ledger(KERNELS[:1]))))

    def test_memory_is_the_slope_of_each_part(self):
        """Would catch: the memory of the programs, or of the first connection, in what one more costs."""
        bars_ = memory.list_bars(self.ledger)
        self.assertEqual({(bar.server, bar.kernel) for bar in bars_}, {(server, kernel) for server in ("select", "epoll") for kernel in KERNELS})
        for bar in bars_:
            self.assertEqual(bar.parts, {"page tables": 0, "kernel stacks": 0, "slab": 5120})

    def test_configurations_are_told_once(self):
        """Would catch: the same list of options for each point release of a series."""
        document = make_ledger()
        document["kernels"].append(ledger_fixture.make_kernel("6.12.118+deb12-cloud-amd64"))
        document["differences"].append(document["differences"][0] | {"kernel": "6.12.118+deb12-cloud-amd64"})
        texts = legend_texts(heat_map.draw(Ledger(document)))
        self.assertIn("Configuration of 6.12.117, 6.12.118 compared with 6.1.0-56: 250 \u2192 1000: HZ", texts)

    def test_cells_without_counts_are_named(self):
        for figure in (heat_map.draw(self.ledger), bars.draw(self.ledger, "echo", self.ledger.list_experiments()["echo"])):
            gap = "echo/io-uring/1: unsupported on 6.1.0-56: io_uring is not in this kernel"
            self.assertIn(gap, legend_texts(figure))

    def test_the_slope_is_the_cost_of_one_more_connection(self):
        figure = cost.draw(self.ledger, "readiness", self.ledger.list_experiments()["readiness"])
        texts = " ".join(legend_texts(figure))
        self.assertIn("select: 400 on 6.1.0-56, 410 on 6.12.117 instructions per idle connection", texts)
        self.assertIn("epoll: 0 on 6.1.0-56, 0 on 6.12.117", texts)
        self.assertEqual(len(labelled_lines(figure)), 4)
        self.assertIsNone(cost.find_slope([(1, 5)]))
        self.assertEqual(cost.find_slope([(0, 0), (1, 1), (2, 9)]), 4.5)

    def test_many_kernels_fit(self):
        """Would catch: panels and columns that run off the page with four kernels and more."""
        document = make_ledger()
        for count in range(1, 5):
            name = f"6.12.{100 + count}+deb12-cloud-amd64"
            document["kernels"].append(ledger_fixture.make_kernel(name))
            document["cells"] += [each | {"kernel": name} for each in document["cells"] if each["kernel"] == KERNELS[1]]
            document["differences"].append(document["differences"][0] | {"kernel": name})
        ledger = Ledger(document)
        for stem, figure in draw_ledger.draw_figures(ledger).items():
            assert_nothing_overlaps(self, stem, figure)


class Flames(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger(make_ledger())
        self.base, self.now = (self.ledger.find("echo/select/1", each) for each in KERNELS)

    def frames(self, picture):
        """{name: (left end, width, title)} of the frames; of a name that is there twice the last one."""
        root = ElementTree.fromstring(picture)
        found = {}
        for group in root.iter(f"{SVG}g"):
            if group.get("data-n"):
                title = group.find(f"{SVG}title").text
                found[group.get("data-n")] = (float(group.get("data-x")), float(group.get("data-w")), title)
        return found

    def test_the_tree_holds_every_instruction_of_both_sides(self):
        tree = flame.make_tree(self.base, self.now)
        for side, cell in enumerate((self.base, self.now)):
            self.assertAlmostEqual(tree.total(side), cell["instructions_per_request"])

    def test_frames_lie_within_their_callers(self):
        found = self.frames(flame.draw(self.ledger, self.base, self.now))
        self.assertEqual(found["all"][:2], (0, 1))
        left, width, _ = found["tcp_sendmsg"]
        inner_left, inner_width, _ = found["__list_add_valid"]
        self.assertTrue(left <= inner_left and inner_left + inner_width <= left + width + 1e-6)
        for root in ("[user]", "entry_SYSCALL_64"):
            self.assertIn(root, found)

    def test_what_is_gone_and_what_is_new_stays_visible(self):
        found = self.frames(flame.draw(self.ledger, self.base, self.now))
        self.assertIn("60.0 \u2192 0 instructions per request (-60.0)", found["__list_add_valid"][2])
        self.assertIn("(not on 6.12.117)", found["__list_add_valid"][2])
        self.assertIn("(not on 6.1.0-56)", found["pick_eevdf"][2])

    def test_a_renamed_function_is_one_frame(self):
        """Would catch: a rename drawn as one function gone and another one new."""
        found = self.frames(flame.draw(self.ledger, self.base, self.now))
        self.assertIn("700.0 \u2192 700.0 instructions per request (+0)", found["kmem_cache_alloc_node"][2])
        self.assertNotIn("kmem_cache_alloc_node_noprof", found)

    def make_side(self, *nodes):
        """A cell of one request; nodes: (caller, name, instructions)."""
        names = [name for _, name, _ in nodes]
        paths = {"names": names, "nodes": [[caller, index, 0, count] for index, (caller, _, count) in enumerate(nodes)]}
        return {"requests": 1, "functions": [], "paths": paths}

    def test_an_inlined_function_does_not_split_what_it_calls(self):
        """Would catch: a subtree that is drawn twice, as gone and as new, because a function on the way to it was inlined."""
        base = self.make_side((-1, "sendto", 5), (0, "sock_sendmsg", 6), (1, "tcp_sendmsg", 900), (1, "new_too", 1))
        now = self.make_side((-1, "sendto", 9), (0, "tcp_sendmsg", 910))
        sendto = flame.make_tree(base, now).below["server"].below["sendto"]
        self.assertEqual(sendto.below["tcp_sendmsg"].counts, [900, 910])
        self.assertEqual((sendto.below["sock_sendmsg"].counts, sendto.below["sock_sendmsg"].below), ([6, 0], {}))
        self.assertEqual((sendto.total(0), sendto.total(1)), (912, 919))

    def test_a_function_that_was_jumped_to_does_not_split_what_it_calls(self):
        base = self.make_side((-1, "readable", 5), (0, "wake_key", 1), (0, "wake_lock", 6), (2, "wake_common", 80))
        now = self.make_side((-1, "readable", 5), (0, "wake_key", 4), (1, "wake_common", 81))
        readable = flame.make_tree(base, now).below["server"].below["readable"]
        self.assertEqual(readable.below["wake_key"].below["wake_common"].counts, [80, 81])
        self.assertEqual((readable.total(0), readable.total(1)), (92, 90))

    def test_more_is_orange_and_less_is_blue(self):
        picture = flame.draw(self.ledger, self.base, self.now)
        colour = {name: re.search(rf'data-n="{name}"><title>[^<]*</title><rect [^>]*fill="(#\w+)"', picture)[1] for name in ("pick_eevdf", "__list_add_valid", "[user]".replace("[", r"\[").replace("]", r"\]"))}
        red = {name: int(each[1:3], 16) - int(each[5:7], 16) for name, each in colour.items()}
        self.assertGreater(red["pick_eevdf"], 0)
        self.assertLess(red["__list_add_valid"], 0)
        self.assertEqual(red[r"\[user\]"], 0)

    def test_the_picture_needs_nothing_else(self):
        """Would catch: a link to another file or host, or a name that ends an element."""
        cell = make_cell("echo/select/1", KERNELS[1])
        cell["paths"]["names"][1] = "operator<<&\"]]>"
        picture = flame.draw(self.ledger, self.base, cell)
        self.assertIn("operator<<&\"]]>", self.frames(picture))
        self.assertNotIn("href", picture)
        self.assertEqual(re.findall(r"https?://\S+", picture.replace("http://www.w3.org/2000/svg", "")), [])

    def test_one_kernel_alone_shows_subsystems(self):
        picture = flame.draw(self.ledger, self.now, self.now)
        self.assertIn(f'fill="{style.SUBSYSTEMS["scheduler"].colour}"', picture)
        self.assertIn("163.0 instructions per request, 163.0 of its own", picture)


class Program(unittest.TestCase):
    def run_program(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = program.main([str(each) for each in arguments])
        return code, out.getvalue().splitlines(), err.getvalue()

    def test_a_directory_is_drawn(self):
        """Would catch: a ledger's directory taken for that of a run."""
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "ledger.json").write_text(json.dumps(make_ledger()), encoding="utf-8")
            code, lines, err = self.run_program(directory)
            self.assertEqual((code, err), (0, ""))
            names = {Path(line).relative_to(directory).as_posix() for line in lines}
            self.assertIn("charts/ledger-kernels.png", names)
            self.assertIn("charts/flame-echo-epoll-1.svg", names)
            for name in names:
                self.assertGreater(Path(directory, name).stat().st_size, 1000, name)

    def test_micro_benchmarks_do_not_belong_to_a_ledger(self):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "ledger.json").write_text(json.dumps(make_ledger()), encoding="utf-8")
            code, _, err = self.run_program(directory, "--micro", "m.json")
            self.assertEqual(code, 2)
            self.assertIn("--micro belongs to the charts of a run", err)


if __name__ == "__main__":
    unittest.main()
