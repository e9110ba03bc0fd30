"""Tests of the charts of claims: every verdict, figure and flip point is shown at its place, and texts do not overlap."""

import copy
import itertools
import math
import tempfile
import unittest
from pathlib import Path

from matplotlib.colors import to_hex

from plots import page, style, sweep
from plots.claims import chart, document, lines, wall, words
from plots.claims.draw import draw_walls
from plots.document import SCHEMA_DIR
from plots.json_file import InputError, read_json
from plots.text import cleaned
from plots.tests import claims_fixture as made
from plots.tests.drawing import assert_nothing_overlaps, labelled_lines, legend_texts
from plots.tests.unusual_runs_test import HOSTILE, random_texts
from plots.validate import findings


def all_texts(figure):
    """All texts of a figure but the tick labels."""
    return [text.get_text() for text in figure.texts] + [text.get_text() for axes in figure.axes for text in axes.texts]


def draw_wall(*claims, **change):
    whole = made.document(*claims, **change)
    return wall.draw(whole, document.list_claims(whole), "claims")


def draw_chart(claim):
    return chart.draw(made.document(claim), claim)


class Documents(unittest.TestCase):
    def test_the_fixtures_are_valid(self):
        for claims in (made.usual_claims(), made.published_claims(), made.many_claims()):
            self.assertEqual(findings(made.document(*claims), "test"), [])

    def test_claims_are_in_the_order_of_their_numbers(self):
        """Would catch: K1, K10, K2."""
        whole = made.document(*made.usual_claims(), *made.published_claims())
        names = [each["id"] for each in document.list_claims(whole)]
        self.assertEqual(names, ["K1", "K2", "K3", "K4", "K10", "K14", "K17", "K18", "frevib-2020", "gammo-2004"])

    def test_an_inconsistent_document_is_named(self):
        """Would catch: a wall of counts and intervals that do not agree."""
        for change, said in (
            (lambda whole: whole["summary"].update(confirmed=7), "summary.confirmed: 7, but 2 claims are confirmed"),
            (lambda whole: whole["claims"].append(whole["claims"][0]), "occurs twice"),
            (lambda whole: whole["claims"][0]["tests"][0]["cases"][0]["ratio"].update(low=90.0), "low <= ratio <= high"),
            (lambda whole: whole["claims"][0]["tests"][0]["cases"][0].update(base_label=None), "needs a base_label"),
            (lambda whole: whole["claims"][0]["flips"][0].update(low=900.0), "low <= estimate <= high"),
        ):
            whole = copy.deepcopy(made.document(*made.usual_claims()))
            change(whole)
            self.assertTrue(any(said in str(each) for each in findings(whole, "test")), said)

    def test_the_excess_is_above_one_on_the_claimed_side(self):
        """Would catch: "at most" drawn on the refuting side."""
        least, most = made.case(at_least=2.0), made.case(at_most=0.5)
        self.assertEqual([document.find_excess(each, least) for each in (4.0, 2.0, 0.5, 0.0)], [2.0, 1.0, 0.25, 0.0])
        self.assertEqual([document.find_excess(each, most) for each in (0.25, 0.5, 2.0, 0.0)], [2.0, 1.0, 0.25, math.inf])

    def test_other_files_are_refused_in_one_line(self):
        with tempfile.TemporaryDirectory() as directory:
            for text, said in (
                ('{"schema": "fanin-claims", "schema_version": 1}', 'there is no key "'),
                ('{"schema": "fanin-claim", "schema_version": 1}', "not the result of fanin claims"),
                ("{", "not JSON"),
            ):
                path = Path(directory) / "claims.json"
                path.write_text(text, encoding="utf-8")
                with self.assertRaises(InputError) as caught:
                    document.load(path)
                self.assertIn(said, str(caught.exception))
                self.assertNotIn("\n", str(caught.exception))


class Words(unittest.TestCase):
    def test_figures(self):
        self.assertEqual([words.format_factor(each) for each in (0.0131, 0.9654, 0.9996, 4.813, 9.996, 140, 2500)], ["0.013", "0.965", "1.00", "4.81", "10", "140", "2.5k"])
        self.assertEqual(words.format_estimate(made.case(ratio=2.0)), "\u00d72.00 [1.88, 2.12]")
        self.assertEqual(words.format_estimate(made.case(ratio=2.0, spread=None)), "\u00d72.00")
        self.assertEqual(words.format_estimate(made.absent("none", "invalid", "made up")), "\u2013")
        self.assertEqual(words.format_threshold(made.case(at_most=1.25)), "\u2264 \u00d71.25")
        value = made.value_case("cpu", 5_000.0, at_most=6_000.0, unit="ns")
        self.assertEqual((words.format_estimate(value), words.format_threshold(value)), ("5 \u00b5s [5, 5]", "\u2264 6 \u00b5s"))

    def test_sides_share_what_they_have_in_common(self):
        for new, base, said in (
            ("select, 900 idle connections", "select, 0 idle connections", "select: 900 / 0 idle connections"),
            ("poll, 10 idle", "epoll, 10 idle", "poll / epoll, 10 idle"),
            ("poll", "epoll", "poll / epoll"),
            ("a, 1", "a, 1", "a: 1 / 1"),
            ("a, b, 1 c", "b, 1 c", "a, b, 1 c / b, 1 c"),
        ):
            self.assertEqual(words.describe_sides(made.case(new_label=new, base_label=base)), said)

    def test_slopes_name_their_side(self):
        said = "poll-grows: 51.2 ns [49 ns, 53 ns] (new), 0.5 ns (base) per unit of idle connections"
        self.assertEqual(words.list_slopes(made.usual_claims()[0]), [said])

    def test_benchmarks_share_what_they_have_in_common(self):
        for new, base, said in (
            ("switch/fiber/real_time", "switch/thread/futex/cpus:1/real_time", "fiber / thread/futex/cpus:1 (switch)"),
            ("tasks/fiber/loops:10", "tasks/serial/loops:10", "fiber / serial (tasks, loops:10)"),
            ("one", "one", "one / one"),
        ):
            self.assertEqual(words.describe_sides(made.case(new_label=new, base_label=base, kind="calls")), said)

    def test_a_verdict_is_said_once(self):
        """Would catch: "confirmed: confirmed by all 3 tests"."""
        for reason, said in (("confirmed by both tests", "confirmed by both tests"), ("made up", "confirmed: made up")):
            self.assertEqual("".join(words.describe_verdict({"verdict": "confirmed", "reason": reason})), said)

    def test_a_share_of_nearly_all_is_not_all(self):
        """Would catch: at least 1 of the requests, for a threshold of 0.9999."""
        case = made.value_case("served", 0.9996, at_least=0.9999)
        self.assertEqual((words.format_estimate(case), words.format_threshold(case)), ("0.9996 [0.9996, 0.9996]", "\u2265 0.9999"))

    def test_a_share_of_nearly_nothing_has_two_digits(self):
        """The bug: 0.000699 [0.000565, 0.000793] ran into the panel on its left (chart of K5)."""
        self.assertEqual([words.format_value(each, "1") for each in (0.00069878, 0.0098, 0.0147, 0.0)], ["0.0007", "0.0098", "0.0147", "0"])

    def test_a_flip_says_on_which_side_the_claim_holds(self):
        """Would catch: "from 137 on" for what holds up to 137."""
        flip = made.flip()
        self.assertTrue(words.describe_flip(flip).endswith("of epoll from 137 [110, 170] idle connections on"))
        for point in flip["points"]:
            point["verdict"] = "refuted" if point["verdict"] == "confirmed" else "confirmed"
        self.assertTrue(words.describe_flip(flip).endswith("of epoll up to 137 [110, 170] idle connections"))
        self.assertTrue(words.describe_flip(made.flip(found=None)).endswith("no flip point: does not hold anywhere in 0..2000"))

    def test_every_verdict_of_the_schema_has_a_look_and_a_meaning(self):
        known = read_json(SCHEMA_DIR / "claims.schema.json")["$defs"]["verdict"]["enum"]
        self.assertEqual(sorted(known), sorted(words.VERDICTS))
        looks = [(style.VERDICTS[word]["marker"], style.VERDICTS[word].get("fillstyle")) for word in known]
        self.assertEqual(len(set(looks)), len(known))  # print without colour shows only these


class Wall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.figure = draw_wall(*made.usual_claims(), *made.published_claims())
        (cls.axes,) = cls.figure.axes
        cls.texts = all_texts(cls.figure)

    def find_marks(self, word):
        """The marks of cases with this verdict: labelled with it."""
        return [line for line in labelled_lines(self.figure) if line.get_label() == word]

    def test_every_claim_has_its_name_sentence_and_verdict(self):
        for claim in (*made.usual_claims(), *made.published_claims()):
            self.assertIn(claim["id"], self.texts)
            self.assertIn(claim["verdict"], self.texts)
            self.assertIn(claim["claim"].split(" ")[0], " ".join(self.texts))
        self.assertIn("claims: 3 confirmed, 1 refuted, 2 contested, 2 undecided, 1 unsupported, 1 invalid", self.texts)

    def test_confirmed_cases_are_right_of_the_line_and_refuted_ones_left(self):
        """Would catch: an axis on which the side does not tell the verdict."""
        self.assertTrue(all(line.get_xdata()[0] > 0 for line in self.find_marks("confirmed")))
        self.assertTrue(all(line.get_xdata()[0] < 0 for line in self.find_marks("refuted")))
        self.assertGreater(len(self.find_marks("confirmed")), 8)

    def test_a_value_of_zero_has_an_arrow_at_the_end(self):
        """Would catch: a failure rate of 0 that a logarithmic axis drops."""
        (arrow,) = [line for line in labelled_lines(self.figure) if line.get_marker() == ">"]
        self.assertEqual(arrow.get_xdata()[0], self.axes.get_xlim()[1])

    def test_a_test_has_the_figures_of_the_case_nearest_to_its_threshold(self):
        """Would catch: a wall that shows the best case of each test."""
        self.assertIn("poll-grows, 100 idle", self.texts)
        self.assertIn("\u00d71.62 [1.53, 1.72]", self.texts)
        self.assertNotIn("\u00d76.90 [6.50, 7.33]", self.texts)

    def test_both_sides_of_a_contested_test_are_named(self):
        self.assertTrue({"one CPU", "CPUs split", "\u00d71.12 [1.05, 1.19]", "\u00d70.930 [0.876, 0.988]"} <= set(self.texts))

    def test_flip_points_and_reasons_are_written(self):
        self.assertIn("\u21c4 poll takes twice the CPU time per request of epoll from 137 [110, 170] idle connections on", self.texts)
        self.assertIn("node: there is no node: apt-get install nodejs", self.texts)
        self.assertIn("others: the control is at 1.31 [1.22, 1.40], beyond 5 %", self.texts)

    def test_a_long_flip_keeps_its_result(self):
        """Would catch: a line that is cut before the flip point."""
        flips = (made.flip(says="a server that waits takes twice as long as another " * 3), made.flip(says="one " * 60, found=None))
        texts = all_texts(draw_wall(made.claim("K1", "long", made.test("one", made.case()), flips=flips)))
        self.assertTrue(any(text.startswith("\u21c4") and text.endswith("\u2026 from 137 [110, 170] idle connections on") for text in texts))
        self.assertTrue(any(text.endswith(": no flip point: does not hold anywhere in 0..2000") for text in texts))

    def test_the_footer_is_the_receipt(self):
        for part in ("6 to 8 units a case", "0 of 19 control intervals exclude 1", "commit 0123456789", "Fixture CPU", "claims-20261129T070000Z"):
            self.assertIn(part, " ".join(self.figure.texts[-1].get_text().split()))

    def test_an_interrupted_measurement_has_an_alarm(self):
        self.assertIn("INCOMPLETE", all_texts(draw_wall(*made.usual_claims(), complete=False)))

    def test_of_many_tests_the_last_line_counts_the_rest(self):
        claim = made.claim("K1", "many", *(made.test(f"test-{index}", made.case()) for index in range(9)))
        texts = all_texts(draw_wall(claim))
        self.assertIn("6 more cases: 6 confirmed", texts)
        self.assertIn("test-2", texts)
        self.assertNotIn("test-3", texts)

    def test_the_second_wall_has_the_published_claims(self):
        walls = draw_walls(made.document(*made.usual_claims(), *made.published_claims()))
        self.assertEqual(set(walls), {"claims-wall", "claims-published"})
        self.assertIn("2 published results: 1 confirmed, 1 undecided", all_texts(walls["claims-published"]))
        self.assertIn(f"{len(made.usual_claims())} claims", " ".join(all_texts(walls["claims-wall"])))
        own = draw_walls(made.document(made.claim("mine", "a claim", made.test("test", made.case("one")))))
        self.assertIn("1 claim: ", " ".join(all_texts(own["claims-published"])))  # the bug: "1 published result"
        self.assertEqual(set(draw_walls(made.document(*made.published_claims()))), {"claims-published"})


def assert_texts_do_not_overlap(test, what, figure):
    """As assert_nothing_overlaps, also for texts within each panel."""
    assert_nothing_overlaps(test, what, figure)
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        boxes = [(text.get_window_extent(renderer), text.get_text()) for text in axes.texts if text.get_text()]
        for (first, one), (second, other) in itertools.combinations(boxes, 2):
            # Lines of text may touch by a pixel.
            inner = first.shrunk(1, 0.8)
            test.assertFalse(inner.overlaps(second.shrunk(1, 0.8)), f"{what}: {one!r} and {other!r}")


class Charts(unittest.TestCase):
    def claims(self):
        return {each["id"]: each for each in (*made.usual_claims(), *made.published_claims())}

    def test_a_sweep_and_the_flip_points_are_panels_of_lines(self):
        figure = draw_chart(self.claims()["K2"])
        titles = [axes.get_title("left") for axes in figure.axes]
        self.assertEqual(titles[0], "with idle connections poll takes at least 1.5 times epoll's CPU time per request")
        self.assertIn("poll takes twice the CPU time per request of epoll; select", titles[1])
        self.assertEqual(len(titles), 3)
        lines_of = [[line.get_label() for line in axes.get_lines() if not line.get_label().startswith("_")] for axes in figure.axes]
        self.assertEqual(lines_of[:2], [["poll"], ["poll-twice", "select-twice"]])
        self.assertEqual(lines_of[2], ["select-grows", "epoll-stays"])
        self.assertIn(" 137 [110, 170]", all_texts(figure))

    def test_a_line_looks_like_its_model(self):
        figure = draw_chart(self.claims()["K2"])
        (poll,) = [line for line in figure.axes[0].get_lines() if line.get_label() == "poll"]
        self.assertEqual(to_hex(poll.get_color()), style.FAMILIES["poll"])

    def test_points_are_at_their_ratios(self):
        figure = draw_chart(self.claims()["K2"])
        (poll,) = [line for line in figure.axes[0].get_lines() if line.get_label() == "poll"]
        self.assertEqual(list(poll.get_xdata()), [100, 300, 1000])
        self.assertEqual(list(poll.get_ydata()), [1.62, 2.9, 6.9])

    def test_published_figures_are_hollow_next_to_ours(self):
        """Would catch: our curve without theirs."""
        for name, count in (("frevib-2020", 6), ("gammo-2004", 2)):
            figure = draw_chart(self.claims()[name])
            theirs = [line for axes in figure.axes for line in axes.get_lines() if line.get_marker() == "d"]
            self.assertEqual(sum(len(line.get_xdata()) for line in theirs), count, name)
            self.assertTrue(all(to_hex(line.get_markerfacecolor()) == "#ffffff" for line in theirs))
        self.assertIn("\u00d70.21", all_texts(figure))

    def test_parts_of_a_sweep_with_claims_of_their_own_share_a_panel(self):
        """Would catch: the curve of a source cut into two panels."""
        few = made.sweep("few", "no gain with few", 1.0, {1: 0.9, 50: 1.0}, "connections", at_most=1.1)
        many = made.sweep("many", "a gain with many", 1.2, {150: 1.3, 500: 1.4}, "connections")
        (panel,) = lines.find_panels(made.claim("K1", "both", many, few))
        self.assertEqual([point.x for point in panel.points["poll"]], [1, 50, 150, 500])
        self.assertEqual(panel.title, "a gain with many; no gain with few")
        axes = draw_chart(made.claim("K1", "both", many, few)).axes[0]
        shaded = [part.get_paths()[0].get_extents() for part in axes.collections[:2]]
        self.assertEqual([shaded[0].y1, shaded[1].y0], [1.1, 1.2])
        self.assertTrue(50 < shaded[0].x1 < 150)
        self.assertAlmostEqual(shaded[0].x1, shaded[1].x0)

    def test_two_thresholds_at_one_value_are_a_dot_plot(self):
        cases = [made.case(f"{name}, {x} idle", x=x, at_least=bound) for name, bound in (("a", 1.5), ("b", 3.0)) for x in (1, 10)]
        self.assertIsNone(lines.find_sweep(made.test("two", *cases)))

    def test_undecided_points_are_hollow(self):
        figure = draw_chart(self.claims()["frevib-2020"])
        undecided = [case for case in document.list_cases(self.claims()["frevib-2020"]) if case["verdict"] == "undecided"]
        hollow = [line for line in figure.axes[0].get_lines() if to_hex(line.get_markerfacecolor()) == "#ffffff" and line.get_marker() == "*"]
        self.assertEqual(len(hollow), len(undecided))

    def test_each_row_has_its_figures_and_verdict(self):
        texts = all_texts(draw_chart(self.claims()["K1"]))
        for text in ("CPUs split", "one CPU", "\u00d71.12 [1.05, 1.19]", "\u2265 \u00d71", "confirmed", "refuted"):
            self.assertIn(text, texts)

    def test_a_long_verdict_takes_several_lines(self):
        """The bug: the verdict of a claim with many tests was cut at the end of its first line."""
        reason = "contested: " + "; ".join(f"confirmed by the test of number {number}" for number in range(7))
        figure = draw_chart(self.claims()["K2"] | {"verdict": "contested", "reason": reason})
        self.assertEqual(figure.texts[1].get_text().replace("\n", " "), reason)
        assert_texts_do_not_overlap(self, "long verdict", figure)

    def test_ratios_and_values_do_not_share_an_axis(self):
        """Would catch: a share of requests on an axis of ratios."""
        self.assertEqual(len(draw_chart(self.claims()["K18"]).axes), 2)
        self.assertEqual(len(draw_chart(self.claims()["K10"]).axes), 1)

    def test_captions_have_the_mechanism_the_source_and_what_was_disturbed(self):
        texts = legend_texts(draw_chart(self.claims()["K2"]))
        self.assertIn("why: 'poll / epoll, 1,000 idle': 33.1 system calls per request instead of 2.02, 94 % of the CPU time in the kernel", texts)
        self.assertIn("source: tutorials on concurrent servers, 2017-2020", texts)
        self.assertIn("'50 % heavy: poll / epoll, 0 idle': confirmed: the rounds of one unit were disturbed", legend_texts(draw_chart(self.claims()["K10"])))

    def test_a_fact_of_several_cases_stands_once(self):
        """Would catch: the facts of a case again for each other case, as "3.00 system calls instead of 2.00" in 5 lines of K1."""
        calls, split = "3.00 system calls per request instead of 2.00", "92 % of the difference in CPU time is system time"
        cases = [made.case(name, mechanism=made.mechanism(text)) for name, text in (("poll, one CPU", calls), ("epoll", f"{calls}; {split}"))]
        claim = made.claim("K1", "a claim", made.test("calls", *cases))
        self.assertEqual(words.list_mechanisms(claim), [f"all 2 cases: {calls}", f"'poll / epoll, 0 idle': {split}"])
        claim["tests"][0]["cases"][1]["mechanism"] = made.mechanism(split)
        self.assertEqual(words.list_mechanisms(claim), [f"'poll, one CPU: poll / epoll, 0 idle': {calls}", f"'poll / epoll, 0 idle': {split}"])

    def test_facts_of_two_tests_with_the_same_sides_stay_apart(self):
        """Would catch: 203 and 0.69 calls per request of one case in one line of K6, whose two tests compare the same servers."""
        facts = ("203 calls per request", "0.69 calls per request")
        tests = [made.test(f"test-{index}", made.case("same", mechanism=made.mechanism(fact))) for index, fact in enumerate(facts)]
        lines_of = words.list_mechanisms(made.claim("K6", "a claim", *tests))
        self.assertEqual(lines_of, [f"'test-{index}: poll / epoll, 0 idle': {fact}" for index, fact in enumerate(facts)])

    def test_the_receipt_counts_the_controls_that_differ(self):
        control = {"ratio": 1.2, "low": 1.1, "high": 1.3}
        cases = [made.case("a"), made.case("b", control=control)]
        parts = words.describe_receipt(made.document(), cases)
        self.assertIn("control: a fresh copy of base compared with base; 1 of 2 control intervals exclude 1", parts)

    def test_a_claim_without_figures_says_why(self):
        texts = all_texts(draw_chart(self.claims()["K17"]))
        self.assertIn("there is no node: apt-get install nodejs", texts)
        self.assertIn("unsupported", texts)

    def make_sweep(self, count):
        cases = [made.case(f"{name}, {x} idle", 2.0 + index, x) for index, name in enumerate("abcdefg"[:count]) for x in (10, 100)]
        return made.claim("K1", "a sweep of several", made.test("several", *cases, axis="idle connections"))

    def test_a_panel_has_at_most_five_ribbons(self):
        """Would catch: ribbons over each other, one grey area."""
        self.assertEqual(len(lines.find_sweep(self.make_sweep(5)["tests"][0]).points), sweep.MAX_RIBBONS)
        self.assertIsNone(lines.find_sweep(self.make_sweep(6)["tests"][0]))
        flips = made.claim("K1", "flips", made.test("one", made.case()), flips=[made.flip(f"flip-{index}") for index in range(7)])
        self.assertEqual([len(each.points) for each in lines.find_flips(flips)], [5, 2])

    def test_lines_in_a_panel_look_different(self):
        """Would catch: two lines of the same model, alike."""
        cases = [made.case(f"epoll {name}, {x} idle", 2.0, x) for name in ("small", "medium", "large") for x in (10, 100)]
        looks = lines.find_looks(lines.find_sweep(made.test("sizes", *cases))).values()
        self.assertEqual(len({(look.colour, look.marker) for look in looks}), 3)

    def test_a_line_of_benchmarks_has_their_name(self):
        cases = [made.case(f"{x} loops", x=x, new_label=f"tasks/fiber/loops:{x}/real_time", kind="calls") for x in (10, 100)]
        self.assertEqual(list(lines.find_sweep(made.test("loops", *cases)).points), ["tasks/fiber"])

    def test_one_value_is_a_dot_plot(self):
        self.assertIsNone(lines.find_sweep(made.test("one", made.case(x=10), made.case("other", x=10))))

    def test_too_many_cases_are_counted(self):
        claim = made.claim("K1", "many", made.test("many", *(made.case(f"case {index}") for index in range(100))))
        figure = draw_chart(claim)
        self.assertIn("40 more cases are in the report", legend_texts(figure))
        assert_nothing_overlaps(self, "many", figure)


class Overlaps(unittest.TestCase):
    def test_usual_and_long_ones(self):
        for claims in (made.usual_claims(), made.published_claims(), made.many_claims()):
            whole = made.document(*claims)
            for stem, figure in draw_walls(whole).items():
                assert_texts_do_not_overlap(self, stem, figure)
            for claim in claims if len(claims) < 10 else claims[::6]:
                assert_texts_do_not_overlap(self, claim["id"], chart.draw(whole, claim))

    def test_unusual_figures(self):
        """Would catch: limits of an axis that are not finite or not positive."""
        cases = (
            made.case(ratio=1e9), made.case(ratio=1e-9), made.case(spread=None), made.case(at_least=0.0), made.case(at_most=0.0, published=0.0),
            made.value_case("zero", 0.0), made.value_case("zero of zero", 0.0, at_most=0.0), made.value_case("large", 3e12, unit="bytes"),
            made.absent("none", "undecided", None),
        )
        for case in cases:
            claim = made.claim("K1", "unusual", made.test("unusual", case), flips=[made.flip(points=[], found=None)])
            assert_texts_do_not_overlap(self, str(case["ratio"] or case["value"]), draw_wall(claim))
            assert_texts_do_not_overlap(self, str(case["ratio"] or case["value"]), draw_chart(claim))

    def test_hostile_text(self):
        for text in (*HOSTILE[::3], *random_texts(2)):
            some = text or " "
            case = made.case(some, reason=some, base_label=some, new_label=some, mechanism=made.mechanism(some))
            swept = [made.case(f"{some} {x}", x=x, new_label=some) for x in (0, 10)]
            tests = (made.test("a", case, made.absent(some, "invalid", some), says=some), made.test("b", *swept, says=some, axis=some))
            claim = made.claim("K1", some, *tests, flips=[made.flip(says=some), made.flip(says=some, found=None, reason=some)])
            claim |= {"source": some, "setup": some, "reason": some}
            with self.subTest(text=text[:80]), tempfile.TemporaryDirectory() as directory:
                whole = cleaned(made.document(claim))
                for figure in (wall.draw(whole, whole["claims"], "claims"), chart.draw(whole, whole["claims"][0])):
                    assert_nothing_overlaps(self, "hostile", figure)
                    page.save_png(figure, Path(directory) / "figure")


if __name__ == "__main__":
    unittest.main()
